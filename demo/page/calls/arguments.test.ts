import { describe, expect, it } from "vitest";
import { parseArguments } from "./arguments.ts";

describe("parseArguments()", () => {
  it("reads JSON values with commas between them", () => {
    expect(parseArguments('1, "two", { "three": [3] }')).toEqual([1, "two", { three: [3] }]);
  });

  it("reads nothing as no arguments", () => {
    expect(parseArguments("  ")).toEqual([]);
  });

  it("makes bytes where JSON has none", () => {
    expect(parseArguments('{ "$bytes": 3 }')).toEqual([new Uint8Array([0, 1, 2])]);
  });

  it("refuses too many bytes", () => {
    expect(() => parseArguments('{ "$bytes": 1e9 }')).toThrow(RangeError);
  });

  it("says what is wrong with the JSON", () => {
    expect(() => parseArguments("1,,2")).toThrow(SyntaxError);
  });
});
