import { describe, expect, it } from "vitest";
import { MeshError } from "../base/errors.ts";
import { Seed } from "./seed.ts";

describe("Seed", () => {
  it("dials again although its timer fired a little before its time", async () => {
    let nowMs = 0;
    let dials = 0;
    const timers: { readonly atMs: number; readonly run: () => void }[] = [];
    const seed = new Seed("tcp://127.0.0.1:1", {
      now: () => nowMs,
      luck: () => 0.5,
      setTimer: (delayMs, run) => {
        timers.push({ atMs: nowMs + delayMs, run });
        return { [Symbol.dispose]: () => {} };
      },
      dial: () => {
        dials++;
        return Promise.reject(new MeshError("dial-failed", "refused"));
      },
      onSeedChange: () => {},
    });
    seed.start();
    await new Promise((resolve) => setImmediate(resolve));
    expect([dials, seed.state.phase]).toEqual([1, "waiting"]);

    // Node rounds its timers to whole milliseconds of a clock that is itself behind: setTimeout(100) after 99.6 ms.
    nowMs = timers[0]!.atMs - 0.4;
    timers[0]!.run();
    expect([dials, timers.length]).toEqual([1, 2]);
    nowMs = timers[1]!.atMs;
    timers[1]!.run();
    expect([dials, seed.state.phase]).toEqual([2, "dialling"]);
  });
});
