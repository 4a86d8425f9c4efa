import { describe, expect, it } from "vitest";
import { readOptions } from "./options.ts";

describe("readOptions()", () => {
  it("measures everything, five rounds of a second, unless told otherwise", () => {
    const nothing = { only: [], json: undefined, profile: undefined, smoke: false };
    expect(readOptions([])).toEqual({ ...nothing, rounds: 5, seconds: 1 });
  });

  it("splits the words of --only at commas", () => {
    expect(readOptions(["--only", "mesh-tcp/64B, raw-tcp"])?.only).toEqual(["mesh-tcp/64B", "raw-tcp"]);
  });

  it("gives nothing when help was asked for", () => {
    expect(readOptions(["--help", "--rounds", "2"])).toBeUndefined();
  });

  it.each([
    [["--rounds", "1.5"], '--rounds must be a whole number of at least 1, got "1.5"'],
    [["--rounds", "0"], '--rounds must be a whole number of at least 1, got "0"'],
    [["--seconds", "soon"], '--seconds must be above 0 and at most 3600, got "soon"'],
    [["--fast"], "Unknown option '--fast'"],
  ])("throws for %j", (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});
