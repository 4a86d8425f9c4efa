import { describe, expect, it } from "vitest";
import { pretty } from "./pretty.ts";

describe("pretty()", () => {
  it("indents objects and keeps lists of plain values on one line", () => {
    expect(pretty({ name: "cpu", cores: [1, 2.5], inner: { on: true } }, 1_000)).toBe(
      '{\n  "name": "cpu",\n  "cores": [1, 2.5],\n  "inner": {\n    "on": true\n  }\n}',
    );
  });

  it("sums up bytes", () => {
    expect(pretty(new Uint8Array([0, 255]), 1_000)).toBe("Uint8Array(2) 00 ff");
    expect(pretty(new Uint8Array(20), 1_000)).toBe(`Uint8Array(20) ${"00 ".repeat(16)}…`);
  });

  it("cuts at the limit, however large the value", () => {
    const text = pretty({ list: Array.from({ length: 100_000 }, (_, index) => ({ index })) }, 100);
    expect(text).toHaveLength(100);
    expect(text.endsWith("…")).toBe(true);
  });

  it("stops at a depth", () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 100; depth++) nested = { nested };
    expect(pretty(nested, 10_000)).toContain("…");
  });

  it("writes what JSON cannot", () => {
    expect(pretty([undefined, null, 10n, Number.NaN], 1_000)).toBe("[undefined, null, 10, NaN]");
  });
});
