import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PatternIndex } from "./pattern-index.ts";
import { isPattern, isTopic, matches } from "./topic-pattern.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const segments = (...words: string[]) =>
  fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 12 }).map((some) => some.join("/"));
const pattern = segments("a", "b", "$c", "*", "**").filter(isPattern);
const topic = segments("a", "b", "$c").filter(isTopic);

const found = (index: PatternIndex<string>, topic: string): string[] => [...new Set(index.match(topic))].sort();

describe("PatternIndex", () => {
  it("finds what matching pattern by pattern finds, whatever was added and taken away", () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 30 }),
        fc.array(pattern, { maxLength: 10 }),
        topic,
        (all, gone, topic) => {
          const index = new PatternIndex<string>();
          for (const one of all) index.add(one, one);
          for (const one of gone) index.delete(one, one);
          const kept = [...new Set(all)].filter((one) => !gone.includes(one));
          expect(found(index, topic)).toEqual(kept.filter((one) => matches(one, topic)).sort());
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("keeps several values of one pattern apart", () => {
    const index = new PatternIndex<string>();
    for (const one of ["x/*", "x/y"]) for (const value of ["1", "2"]) index.add(one, `${one} ${value}`);
    index.delete("x/*", "x/* 1");
    index.delete("x/y", "nobody's");
    expect(found(index, "x/y")).toEqual(["x/* 2", "x/y 1", "x/y 2"]);
  });

  it("takes no time that grows with a chain of ** wildcards", () => {
    const index = new PatternIndex<number>();
    for (let i = 1; i <= 20; i++) index.add([...Array(i).fill("**/a"), "z"].join("/"), i);
    expect([...index.match([...Array(400).fill("a"), "z"].join("/"))]).toHaveLength(20);
  });

  it("takes memory for patterns of many segments as for others: not a hundred times their bytes", () => {
    const index = new PatternIndex<number>();
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 2_000; i++) index.add(`*/${i}/${"a/".repeat(500)}z`, i);
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20e6);
    expect([...index.match(`x/7/${"a/".repeat(500)}z`)]).toEqual([7]);
  });
});
