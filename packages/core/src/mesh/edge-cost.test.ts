import { describe, expect, it } from "vitest";
import { Latency } from "../edge/index.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { EdgeCost, roundTripOf } from "./edge-cost.ts";

/** What an edge comes to advertise, in ms, after each measurement. */
function advertised(samplesMs: readonly number[]): number[] {
  const latency = new Latency();
  latency.add(samplesMs[0]!);
  const cost = new EdgeCost(latency.roundTripMs);
  return samplesMs.map((sampleMs, i) => {
    if (i > 0) {
      latency.add(sampleMs);
      cost.measured(latency.roundTripMs!);
    }
    return roundTripOf(cost.micros);
  });
}

describe("EdgeCost", () => {
  it.each([0, 10, 10_000])("follows a step from 5 to 50 ms within 5 measurements, after %i of them", (age) => {
    const seen = advertised([...Array(age + 1).fill(5), ...Array(5).fill(50)]);
    expect(seen[age]! / 5).toBeCloseTo(1, 0);
    expect(Math.abs(Math.log2(seen.at(-1)! / 50))).toBeLessThan(0.5);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("does not flap under 30 % of jitter: seed %i", (seed) => {
    const random = new SeededRandom(seed);
    const samples = Array.from({ length: 10_000 }, () => 20 * (0.7 + 0.6 * random.float()));
    const seen = advertised(samples);
    const changes = seen.filter((ms, i) => i > 0 && ms !== seen[i - 1]).length;
    // Once, when the very first sample was far off.
    expect(changes).toBeLessThanOrEqual(1);
  });

  it("costs the same for every round trip too short to tell apart, and more than nothing", () => {
    const fast = [0, 0.01, 0.3, 1].map((ms) => new EdgeCost(ms).micros);
    expect(new Set([...fast, new EdgeCost(undefined).micros]).size).toBe(1);
    expect(fast[0]).toBeGreaterThan(0);
  });

  it("stays within what the wire carries, whatever is measured", () => {
    for (const ms of [1e9, Number.MAX_VALUE, Number.POSITIVE_INFINITY])
      expect(new EdgeCost(ms).micros).toBeLessThan(2 ** 32);
  });
});
