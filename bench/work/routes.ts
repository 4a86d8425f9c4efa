/** Routes to all peers of a mesh, from each of them in turn. The graph is connected and random, of degree 8 on average. */
import { computeRoutes, type LinkState } from "../../packages/core/src/testing/internals/index.ts";
import { sameNumbers, type Work } from "./work.ts";

const DEGREE = 8;

export const shortestPaths: Work = (size) => {
  const { ids, records } = mesh(size);
  let turn = 0;
  return () => {
    const self = ids[turn++ % ids.length]!;
    const routes = computeRoutes(self, records.get(self)!.costs, records);
    if (routes.size !== size - 1) throw new Error(`${routes.size} routes to ${size - 1} peers`);
    return routes.size;
  };
};

/** Who is reached at all: what looking at every edge costs, in the same maps. */
export const breadthFirst: Work = (size) => {
  const { ids, records } = mesh(size);
  let turn = 0;
  return () => {
    const reached = new Set([ids[turn++ % ids.length]!]);
    // A set that grows while it is walked is walked to its end.
    for (const id of reached) for (const neighbour of records.get(id)!.costs.keys()) reached.add(neighbour);
    if (reached.size !== size) throw new Error(`${reached.size} of ${size} peers reached`);
    return reached.size;
  };
};

function mesh(size: number): { readonly ids: readonly string[]; readonly records: ReadonlyMap<string, LinkState> } {
  const random = sameNumbers();
  const hex = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  const ids = Array.from({ length: size }, () => hex() + hex() + hex() + hex());
  const costs = new Map(ids.map((id) => [id, new Map<string, number>()]));
  const link = (one: string, other: string): void => {
    const cost = 1_250 + Math.floor(random() * 50_000);
    costs.get(one)!.set(other, cost);
    costs.get(other)!.set(one, cost);
  };
  for (const [at, id] of ids.entries()) {
    // A ring holds it together; the others lie anywhere.
    link(id, ids[(at + 1) % size]!);
    for (let more = 1; more < DEGREE / 2; more++) link(id, ids[(at + 2 + Math.floor(random() * (size - 3))) % size]!);
  }
  return { ids, records: new Map(ids.map((id) => [id, { costs: costs.get(id)! }])) };
}
