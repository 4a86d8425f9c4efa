import { describe, expect, it } from "vitest";
import { quantile, spread, summarize } from "./statistics.ts";

describe("quantile()", () => {
  it.each([
    ["the only value, whatever the fraction", [7], 0.99, 7],
    ["the middle one of an odd number", [3, 1, 2], 0.5, 2],
    ["the mean of the two in the middle of an even number", [4, 1, 3, 2], 0.5, 2.5],
    ["a value between neighbours", [0, 10], 0.25, 2.5],
    ["the lowest at 0", [3, 1, 2], 0, 1],
    ["the highest at 1", [3, 1, 2], 1, 3],
    ["numbers in their order, not their spelling", [10, 9, 100], 0.5, 10],
  ])("gives %s", (_what, values, q, expected) => {
    expect(quantile(values, q)).toBe(expected);
  });

  it("leaves its input as it was", () => {
    const values = [3, 1, 2];
    quantile(values, 0.5);
    expect(values).toEqual([3, 1, 2]);
  });

  it("throws without values", () => {
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });
});

describe("summarize()", () => {
  it("gives median, lowest and highest", () => {
    expect(summarize([5, 1, 4, 2, 3])).toEqual({ median: 3, lowest: 1, highest: 5 });
  });
});

describe("spread()", () => {
  it("is half the range over the median", () => {
    expect(spread({ median: 100, lowest: 95, highest: 105 })).toBe(0.05);
  });
});
