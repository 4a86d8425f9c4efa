import { describe, expect, it } from "vitest";
import type { WorkName } from "../contenders/names.ts";
import { Worker } from "../ends/worker.ts";
import { cases } from "../plan.ts";
import { works } from "./index.ts";

describe("work", () => {
  it.each(cases(["routes", "match/", "verify"]).map(({ contender, size }) => [contender as WorkName, size] as const))(
    "%s does at size %d what it says, or throws",
    (name, size) => {
      const operation = works[name](size);
      for (let i = 0; i < 3; i++) expect(operation()).toBeGreaterThan(0);
    },
  );

  it("is done once at least, and prepared once for each size", () => {
    const prepared: number[] = [];
    let done = 0;
    const worker = new Worker((size) => {
      prepared.push(size);
      return () => ++done;
    });
    expect(worker.run(5, 0).count).toBe(1);
    expect(worker.run(5, 0).count).toBe(1);
    expect([done, prepared]).toEqual([2, [5]]);
  });
});
