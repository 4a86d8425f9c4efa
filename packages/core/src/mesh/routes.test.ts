import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { computeRoutes, type LinkState } from "./routes.ts";

type Graph = ReadonlyMap<string, LinkState>;

/** Records of a graph written as `a-b`, for an edge both ends list, and `a>b` where only the first does. */
function graph(...edges: readonly string[]): Graph {
  const neighbours = new Map<string, string[]>();
  const list = (id: string): string[] => {
    if (!neighbours.has(id)) neighbours.set(id, []);
    return neighbours.get(id)!;
  };
  for (const edge of edges) {
    const [from, to] = edge.split(/[->]/) as [string, string];
    list(from).push(to);
    list(to);
    if (edge.includes("-")) list(to).push(from);
  }
  return new Map([...neighbours].map(([id, ids]) => [id, { costs: new Map(ids.map((other) => [other, 1])) }]));
}

/** Routes as text, with the neighbours of `self` as its own record has them. */
function routes(self: string, records: Graph): Record<string, string> {
  return Object.fromEntries(
    [...computeRoutes(self, records.get(self)!.costs, records)].map(([id, { nextHop, cost }]) => [
      id,
      `${nextHop} ${cost}`,
    ]),
  );
}

describe("computeRoutes()", () => {
  it("goes along a chain", () => {
    expect(routes("a", graph("a-b", "b-c", "c-d"))).toEqual({ b: "b 1", c: "b 2", d: "b 3" });
    expect(routes("b", graph("a-b", "b-c", "c-d"))).toEqual({ a: "a 1", c: "c 1", d: "c 2" });
  });

  it("takes the shorter way round", () => {
    expect(routes("a", graph("a-b", "b-c", "c-d", "d-e", "e-a"))).toEqual({ b: "b 1", c: "b 2", d: "e 2", e: "e 1" });
  });

  it("takes, of equal ways, the one over the lowest neighbour, in whatever order they are told", () => {
    const expected = { b: "b 1", c: "c 1", d: "b 2", e: "b 3" };
    expect(routes("a", graph("a-b", "a-c", "b-d", "c-d", "d-e"))).toEqual(expected);
    expect(routes("a", graph("c-d", "d-e", "a-c", "b-d", "a-b"))).toEqual(expected);
  });

  it("does not count an edge that only one end lists, but believes its own", () => {
    expect(routes("a", graph("a-b", "b>c", "c-d"))).toEqual({ b: "b 1" });
    expect(routes("a", graph("a>b", "b-c"))).toEqual({ b: "b 1", c: "b 2" });
  });

  it("knows a neighbour before its record has come, and nothing behind it", () => {
    expect([...computeRoutes("a", new Map([["b", 1]]), new Map())]).toEqual([["b", { nextHop: "b", cost: 1 }]]);
  });

  it("leaves out itself and whoever cannot be reached", () => {
    expect(routes("a", graph("a-b", "b-a", "x-y"))).toEqual({ b: "b 1" });
    expect([...computeRoutes("a", new Map([["a", 1]]), graph("a-b"))]).toEqual([]);
  });

  it("leads from every node to every node it reaches, each step one nearer, with costs no way undercuts", () => {
    const edge = fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 11 }));
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 30 }), (pairs) => {
        const name = (i: number): string => String.fromCharCode(97 + i);
        const unique = new Set(
          pairs.filter(([a, b]) => a !== b).map(([a, b]) => [name(Math.min(a, b)), name(Math.max(a, b))].join("-")),
        );
        const records = graph(...unique);
        const distances = allDistances(records);
        const tables = new Map(
          [...records.keys()].map((id) => [id, computeRoutes(id, records.get(id)!.costs, records)]),
        );
        for (const [from, table] of tables) {
          const reachable = [...distances.get(from)!].filter(([, distance]) => distance > 0);
          expect(new Map([...table].map(([to, { cost }]) => [to, cost]))).toEqual(new Map(reachable));
          for (const [to, { nextHop, cost }] of table) {
            expect(nextHop === to ? 0 : tables.get(nextHop)!.get(to)!.cost).toBe(cost - 1);
          }
        }
      }),
    );
  });
});

/** Distances by relaxing until nothing changes: slow and plain. */
function allDistances(records: Graph): Map<string, Map<string, number>> {
  const all = new Map([...records.keys()].map((id) => [id, new Map([[id, 0]])]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const [id, { costs }] of records) {
      for (const other of costs.keys()) {
        for (const [to, distance] of all.get(other)!) {
          if (distance + 1 >= (all.get(id)!.get(to) ?? Number.POSITIVE_INFINITY)) continue;
          all.get(id)!.set(to, distance + 1);
          changed = true;
        }
      }
    }
  }
  return all;
}
