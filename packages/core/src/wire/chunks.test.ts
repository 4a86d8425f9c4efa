import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../base/limits.ts";
import { control, inFrames } from "./index.ts";

describe("inFrames()", () => {
  it("leaves a short list whole, and gives one empty run for none", () => {
    const short = ["a", "b"];
    expect([...inFrames(short, (text) => text)]).toEqual([short]);
    expect([...inFrames([], String)]).toEqual([[]]);
  });

  it("cuts a long list into runs whose frames are allowed, and loses nothing", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 340 }), { minLength: 1_500, maxLength: 3_000 });
    fc.assert(
      fc.property(lengths, (unitsOf) => {
        const patterns = unitsOf.map((units) => "€".repeat(units));
        const runs = [...inFrames(patterns, (pattern) => pattern)];
        expect(runs.flat()).toEqual(patterns);
        for (const run of runs) {
          const topics = run.map((pattern) => ({ pattern, wanted: true }));
          expect(control.interest.encode({ whole: true, topics, services: [] }).byteLength).toBeLessThan(
            LIMITS.controlFrameBytes * 0.6,
          );
        }
      }),
      { numRuns: 10 },
    );
  });
});
