import { describe, expect, it } from "vitest";
import { reportCases } from "./report.ts";
import { count, printTables, significant } from "./table.ts";

describe("printTables()", () => {
  it("shows each size with its contenders, and their ratios to the raw ones", () => {
    const rate = (messagesPerSecond: number) => ({
      messagesPerSecond,
      bytesPerSecond: messagesPerSecond * 64,
      cpuMicrosPerMessage: 1.5e6 / messagesPerSecond,
    });
    const suite = "throughput";
    const reports = reportCases([
      { case: { suite, contender: "raw-tcp-batched", size: 64 }, rounds: [rate(20e6), rate(22e6), rate(21e6)] },
      { case: { suite, contender: "mesh-tcp", size: 64 }, rounds: [rate(1e6), rate(1.1e6), rate(1.05e6)] },
    ]);
    expect(printTables(reports)).toBe(
      [
        "Throughput between processes",
        "",
        "64 B                     messages/s   MB/s     ±    CPU each   of batched   of one by one   of direct",
        "  raw TCP, batched           21.0 M   1344   5 %   0.0714 us                                         ",
        "  Chaski: peer to peer       1.05 M   67.2   5 %     1.43 us       0.0500                            ",
      ].join("\n"),
    );
  });

  it("shows what relays cost against the way without them", () => {
    const suite = "round-trip";
    const times = (p50Micros: number) => ({ p50Micros, p99Micros: 2 * p50Micros, cpuMicrosPerRoundTrip: 10 });
    const reports = reportCases([
      { case: { suite, contender: "mesh-tcp", size: 64 }, rounds: [times(100), times(110)] },
      { case: { suite, contender: "mesh-tcp-relay-2", size: 64 }, rounds: [times(300), times(330)] },
    ]);
    expect(printTables(reports)).toBe(
      [
        "Round trip between processes",
        "",
        "64 B                                  p50     ±      p99   CPU each   p50 of raw   p99 of raw   of direct   per relay",
        "  Chaski: peer to peer             105 us   5 %   210 us    10.0 us                                                  ",
        "  Chaski: peer, two relays, peer   315 us   5 %   630 us    10.0 us                                  3.00      105 us",
      ].join("\n"),
    );
  });

  it("shows work in what it counts, against its reference", () => {
    const suite = "match";
    const reports = reportCases([
      { case: { suite, contender: "scan", size: 100 }, rounds: [{ microsEach: 20 }, { microsEach: 20 }] },
      { case: { suite, contender: "index", size: 100 }, rounds: [{ microsEach: 1 }, { microsEach: 1 }] },
    ]);
    expect(printTables(reports)).toBe(
      [
        "Patterns that match a topic",
        "",
        "100 patterns                       each     ±   of reference",
        "  one pattern after the other   20.0 us   0 %               ",
        "  Chaski: index of patterns     1.00 us   0 %         0.0500",
      ].join("\n"),
    );
  });

  it("shows nothing of suites that were left out", () => {
    expect(printTables([])).toBe("");
  });
});

describe("significant()", () => {
  it.each([
    [1234.5, "1235"],
    [123.45, "123"],
    [12.345, "12.3"],
    [1.2345, "1.23"],
    [0.012345, "0.0123"],
    [0, "0"],
  ])("prints %d as %s", (value, expected) => {
    expect(significant(value)).toBe(expected);
  });
});

describe("count()", () => {
  it.each([
    [12.34, "12.3"],
    [21_345, "21.3 k"],
    [1_020_000, "1.02 M"],
  ])("prints %d as %s", (value, expected) => {
    expect(count(value)).toBe(expected);
  });
});
