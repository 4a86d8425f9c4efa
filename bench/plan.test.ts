import { describe, expect, it } from "vitest";
import { apart, caseName, cases, together } from "./plan.ts";

const names = (words: readonly string[]): string[] => cases(words).map(caseName);

describe("cases()", () => {
  it("takes what contains one of the words", () => {
    expect(names(["round-trip/raw", "mesh-tcp/1MB"])).toEqual([
      "throughput/mesh-tcp/1MB",
      "round-trip/raw-tcp-unbatched/64B",
      "round-trip/raw-ws-unbatched/64B",
    ]);
  });

  it("names every case once", () => {
    expect(new Set(names([])).size).toBe(cases([]).length);
  });

  it("leaves out a write for each message where a batch holds but one", () => {
    expect(names(["unbatched/64KB", "unbatched/1MB"])).toEqual([]);
  });

  it("has the contenders of a size side by side, so that a round compares them within seconds", () => {
    expect(names(["page"]).slice(0, 4)).toEqual([
      "page/raw-ws-batched/64B",
      "page/raw-ws-unbatched/64B",
      "page/mesh-ws/64B",
      "page/raw-ws-batched/1KB",
    ]);
  });
});

describe("turns", () => {
  it("are single cases when apart", () => {
    expect(apart(cases(["mesh-tcp"])).every((turn) => turn.length === 1)).toBe(true);
  });

  it("hold all of a contender when together, its round trips last", () => {
    expect(together(cases(["mesh-ws/"])).map((turn) => turn.map(caseName))).toEqual([
      [
        "throughput/mesh-ws/64B",
        "throughput/mesh-ws/1KB",
        "throughput/mesh-ws/64KB",
        "throughput/mesh-ws/1MB",
        "round-trip/mesh-ws/64B",
      ],
      ["page/mesh-ws/64B", "page/mesh-ws/1KB", "page/mesh-ws/64KB"],
    ]);
  });
});
