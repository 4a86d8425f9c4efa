import { describe, expect, it } from "vitest";
import type { ContenderName } from "../contenders/names.ts";
import type { Measured } from "../driver/run.ts";
import { reportCases } from "./report.ts";

function measured(contender: ContenderName, size: number, rates: readonly number[]): Measured {
  return { case: { suite: "throughput", contender, size }, rounds: rates.map((rate) => ({ rate })) };
}

describe("reportCases()", () => {
  it("sums up the rounds", () => {
    const [report] = reportCases([measured("mesh-tcp", 64, [3, 1, 2])]);
    expect(report?.metrics.rate).toEqual({ median: 2, lowest: 1, highest: 3, rounds: [3, 1, 2], ratios: {} });
  });

  it("takes ratios within each round, before it takes their median", () => {
    const reports = reportCases([
      measured("raw-tcp-batched", 64, [10, 100, 20]),
      measured("mesh-tcp", 64, [5, 40, 12]),
    ]);
    expect(reports[1]?.metrics.rate?.ratios).toEqual({ "raw-tcp-batched": { median: 0.5, lowest: 0.4, highest: 0.6 } });
  });

  it("compares only with the same wire and the same size", () => {
    const reports = reportCases([
      measured("raw-tcp-batched", 1024, [1]),
      measured("raw-ws-batched", 64, [1]),
      measured("mesh-tcp", 64, [1]),
    ]);
    expect(reports[2]?.metrics.rate?.ratios).toEqual({});
  });

  it("compares ways with relays with the same without, and says what each relay adds, round by round", () => {
    const suite = "round-trip";
    const [, relayed] = reportCases([
      { case: { suite, contender: "mesh-tcp", size: 64 }, rounds: [{ p50Micros: 100 }, { p50Micros: 200 }] },
      { case: { suite, contender: "mesh-tcp-relay-2", size: 64 }, rounds: [{ p50Micros: 300 }, { p50Micros: 600 }] },
    ]);
    expect(relayed?.metrics.p50Micros?.ratios).toEqual({ "mesh-tcp": { median: 3, lowest: 3, highest: 3 } });
    expect(relayed?.metrics.p50MicrosPerRelay).toMatchObject({ rounds: [100, 200], ratios: {} });
  });

  it("compares a raw contender with the other one over its wire", () => {
    const reports = reportCases([measured("raw-ws-batched", 64, [8]), measured("raw-ws-unbatched", 64, [2])]);
    expect(reports[1]?.metrics.rate?.ratios).toEqual({
      "raw-ws-batched": { median: 0.25, lowest: 0.25, highest: 0.25 },
    });
  });
});
