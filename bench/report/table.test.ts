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
      { case: { suite, contender: "raw-tcp-batched", messageBytes: 64 }, rounds: [rate(20e6), rate(22e6), rate(21e6)] },
      { case: { suite, contender: "mesh-tcp", messageBytes: 64 }, rounds: [rate(1e6), rate(1.1e6), rate(1.05e6)] },
    ]);
    expect(printTables(reports)).toBe(
      [
        "Throughput between processes",
        "",
        "64 B                     messages/s   MB/s     ±    CPU each   of batched   of one by one",
        "  raw TCP, batched           21.0 M   1344   5 %   0.0714 us                             ",
        "  Chaski: peer to peer       1.05 M   67.2   5 %     1.43 us       0.0500                ",
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
