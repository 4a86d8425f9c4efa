import { describe, expect, it } from "vitest";
import { TimeSeries } from "./time-series.ts";

describe("TimeSeries", () => {
  it("keeps one column of times and one per value", () => {
    const series = new TimeSeries();
    series.push(1_000, [1, 10]);
    series.push(1_250, [2, 20]);
    expect(series.columns).toEqual([
      [1_000, 1_250],
      [1, 2],
      [10, 20],
    ]);
  });

  it("leaves out a point that is not newer than the last", () => {
    const series = new TimeSeries();
    for (const at of [2_000, 2_000, 1_000]) series.push(at, [at]);
    expect(series.columns).toEqual([[2_000], [2_000]]);
  });

  it("fills a line that starts later with holes", () => {
    const series = new TimeSeries();
    series.push(1_000, [1]);
    series.push(2_000, [2, 20]);
    expect(series.columns).toEqual([
      [1_000, 2_000],
      [1, 2],
      [null, 20],
    ]);
  });

  it("shows a long pause as a hole", () => {
    const series = new TimeSeries();
    for (const at of [0, 250, 500, 10_500, 10_750]) series.push(at, [1]);
    expect(series.columns).toEqual([
      [0, 250, 500, 10_499, 10_500, 10_750],
      [1, 1, 1, null, 1, 1],
    ]);
  });

  it("takes one hole, not many, for a slower pace", () => {
    const series = new TimeSeries();
    for (const at of [0, 250, 10_250, 20_250, 30_250]) series.push(at, [1]);
    expect(series.columns[1]?.filter((value) => value === null)).toHaveLength(1);
  });

  it("forgets what is older than a minute and stays bounded", () => {
    const series = new TimeSeries();
    for (let index = 0; index < 10_000; index++) series.push(index * 10, [index]);
    expect(series.columns[0].length).toBeLessThanOrEqual(2_048 + 256);
    expect(series.columns[1]).toHaveLength(series.columns[0].length);
    expect(series.range(1)?.highest).toBe(9_999);
  });

  it("range() looks at the last minute only", () => {
    const series = new TimeSeries();
    for (const [at, value] of [
      [0, 99],
      [30_000, 5],
      [61_000, 7],
    ] as const) {
      series.push(at, [value]);
    }
    expect(series.range(1)).toEqual({ lowest: 5, highest: 7 });
  });
});
