import { describe, expect, it } from "vitest";
import { Latency } from "./latency.ts";

const after = (...samples: readonly number[]): Latency => {
  const latency = new Latency();
  for (const sample of samples) latency.add(sample);
  return latency;
};

describe("Latency", () => {
  it("knows nothing before the first sample, and believes that one", () => {
    expect(after().roundTripMs).toBeUndefined();
    expect([after(5).roundTripMs, after(5).jitterMs]).toEqual([5, 0]);
  });

  it("follows a step from 5 to 50 ms within five samples, after a thousand of the old", () => {
    const before = Array.from({ length: 1_000 }, () => 5);
    expect(after(...before, 50).roundTripMs).toBe(27.5);
    expect(after(...before, 50, 50, 50, 50, 50).roundTripMs).toBeCloseTo(48.6, 1);
    expect(after(...before, ...Array.from({ length: 20 }, () => 50)).roundTripMs).toBeCloseTo(50, 3);
  });

  it("measures jitter as the distance of samples from the estimate, and forgets it too", () => {
    expect(after(10, 20).jitterMs).toBe(5);
    expect(after(10, 20, 10).jitterMs).toBe(5);
    expect(after(10, 20, ...Array.from({ length: 20 }, () => 20)).jitterMs).toBeCloseTo(0, 3);
  });
});
