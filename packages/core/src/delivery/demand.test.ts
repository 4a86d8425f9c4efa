import { expect, it } from "vitest";
import type { Edge } from "../edge/index.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { Child, type ChildHost } from "./child.ts";
import { Demand } from "./demand.ts";
import { PatternNumbers } from "./pattern-set.ts";
import { EVERY_ORIGIN, Upstream } from "./upstream.ts";
import type { Wants } from "./want-table.ts";

const SELF = "self";

/** The readers of a node, each of which wants something. */
class Readers {
  readonly numbers = new PatternNumbers();
  readonly children: Child[] = [];
  own: string[] = [];
  /** How often a child's wants were looked through. */
  looks = 0;

  add(role: "leaf" | "peer", patterns: readonly string[], origins: readonly string[] = [EVERY_ORIGIN]): Child {
    const child = new Child({ role, id: `child ${this.children.length}` } as Edge, {} as ChildHost);
    child.wants.add(
      origins,
      patterns.map((pattern) => ({ pattern, fresh: true })),
    );
    this.children.push(child);
    return child;
  }

  demand(): Demand {
    return new Demand(
      { self: SELF, children: this, localWants: this.own.map((pattern) => ({ pattern })) },
      this.numbers,
    );
  }

  values(): Iterable<Child> {
    return this.children.values();
  }

  *askedOnward(wants: Wants): Generator<string> {
    this.looks++;
    for (const pattern of wants.keys()) if (!pattern.startsWith("kept/")) yield pattern;
  }

  upstream(kind: "leaf" | "peer", id: string, edge: Edge | undefined): Upstream {
    const upstream = new Upstream(kind, { id, incarnation: 1 }, this.numbers);
    upstream.edge = edge;
    return upstream;
  }

  /** One child after the other, as if nobody had ever added anything up. */
  expected(home: string, except: Edge | undefined): string[] {
    const patterns = new Set(this.own);
    for (const child of this.children)
      if (child.edge !== except)
        for (const pattern of child.wantsOf(home).keys()) if (!pattern.startsWith("kept/")) patterns.add(pattern);
    return [...patterns].sort();
  }
}

it("what is wanted of an origin is what all want but the one that it is read from", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed);
    const below = (count: number): number => Math.floor(random.float() * count);
    const some = (from: readonly string[]): string[] => from.filter(() => random.float() < 0.4);
    const readers = new Readers();
    const origins = [SELF, "a", "b", "c"];
    const topics = ["t/0", "t/1", "t/2", "t/3", "kept/0", "t/*"];
    readers.own = some(topics.slice(0, 2));
    for (let i = below(6); i > 0; i--) readers.add("leaf", some(topics));
    for (let i = below(4); i > 0; i--) {
      const child = readers.add("peer", some(topics), some(origins));
      child.wants.add(some(origins), [{ pattern: "t/4", fresh: false }]);
    }
    for (const { barred } of readers.children) if (below(4) === 0) barred.add(origins[below(origins.length)]!);
    // The same numbers serve one demand after the other.
    for (let round = 0; round < 3; round++) {
      const demand = readers.demand();
      for (const except of [undefined, ...readers.children.map(({ edge }) => edge)])
        for (const origin of origins) {
          const upstream =
            origin === SELF ? readers.upstream("leaf", "x", except) : readers.upstream("peer", origin, except);
          const demanded = demand.of(upstream);
          const names = (set: typeof demanded): string[] => [...readers.numbers.patterns(set)].sort();
          expect([seed, origin, names(demanded)]).toEqual([seed, origin, readers.expected(origin, except)]);
          const all = names(demand.withAll(upstream, demanded));
          expect([seed, origin, all]).toEqual([seed, origin, readers.expected(origin, undefined)]);
        }
      const child = readers.children[below(readers.children.length)];
      child?.wants.add(child.isLeaf ? [EVERY_ORIGIN] : some(origins), [{ pattern: `new/${round}`, fresh: true }]);
      if (below(2) === 0) child?.wants.delete(child.isLeaf ? [EVERY_ORIGIN] : some(origins), ["t/1"]);
      if (below(3) === 0) readers.numbers.keep(readers.numbers.known(some(topics)));
    }
  }
});

it("a leaf that comes to a thousand others has only its own wants looked through", () => {
  const readers = new Readers();
  for (let i = 0; i < 1_000; i++) readers.add("leaf", ["t/0", "t/1"]);
  const ask = (): void => {
    const demand = readers.demand();
    for (const { edge } of readers.children) demand.of(readers.upstream("leaf", edge.id, edge));
    for (let i = 0; i < 100; i++) demand.of(readers.upstream("peer", `peer ${i}`, undefined));
  };
  ask();
  expect(readers.looks).toBe(1_000);
  readers.add("leaf", ["t/2"]);
  ask();
  expect(readers.looks).toBe(1_001);
});
