import { describe, expect, it } from "vitest";
import { RateMeter } from "./rate-meter.ts";

describe("RateMeter", () => {
  it("is 0 before the first event", () => {
    expect(new RateMeter().perSecond(5_000)).toBe(0);
  });

  it("gives the rate of a steady stream", () => {
    const meter = new RateMeter();
    for (let at = 0; at <= 20_000; at += 100) meter.count(at);
    expect(meter.perSecond(20_000)).toBeCloseTo(10, 0);
  });

  it("gives the rate of a young stream over its own age", () => {
    const meter = new RateMeter();
    for (let at = 1_000; at < 3_000; at += 100) meter.count(at);
    expect(meter.perSecond(3_000)).toBeCloseTo(10, 0);
  });

  it("falls to 0 after a silence", () => {
    const meter = new RateMeter();
    for (let at = 0; at < 2_000; at += 10) meter.count(at);
    expect(meter.perSecond(30_000)).toBe(0);
  });
});
