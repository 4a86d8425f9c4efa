/** Shortest paths from oneself, by measured cost (Dijkstra 1959). Pure. */
import type { NodeId } from "../base/ids.ts";

/** What routes need of a record. */
export interface LinkState {
  /** What its edges cost, by neighbour. */
  readonly costs: ReadonlyMap<NodeId, number>;
}

export interface Route {
  /** The neighbour to hand things to. */
  readonly nextHop: NodeId;
  /** Cost of the whole way, in microseconds. */
  readonly cost: number;
}

/**
 * @param neighbours The nodes at the end of our own open edges, and what they cost.
 * @param records Everybody's link state. An edge counts only when both its ends list it, at the dearer of their costs.
 * @returns A route to every reachable peer but oneself. Of equal ways the one with the lowest first hop wins.
 */
export function computeRoutes(
  self: NodeId,
  neighbours: ReadonlyMap<NodeId, number>,
  records: ReadonlyMap<NodeId, LinkState>,
): Map<NodeId, Route> {
  const routes = new Map<NodeId, Route>();
  const queue = new Queue();
  for (const [id, cost] of neighbours) {
    if (id !== self) queue.push({ id, nextHop: id, cost: Math.max(cost, records.get(id)?.costs.get(self) ?? 0) });
  }
  for (let found = queue.pop(); found; found = queue.pop()) {
    const { id, nextHop, cost } = found;
    if (routes.has(id)) continue;
    routes.set(id, { nextHop, cost });
    for (const [neighbour, there] of records.get(id)?.costs ?? []) {
      if (neighbour === self || routes.has(neighbour)) continue;
      const back = records.get(neighbour)?.costs.get(id);
      if (back !== undefined) queue.push({ id: neighbour, nextHop, cost: cost + Math.max(there, back) });
    }
  }
  return routes;
}

interface Candidate extends Route {
  readonly id: NodeId;
}

/** Cheapest first, then lowest first hop: every run of the same graph gives the same routes. */
const isBefore = (a: Candidate, b: Candidate): boolean =>
  a.cost < b.cost || (a.cost === b.cost && a.nextHop < b.nextHop);

/** A binary heap. */
class Queue {
  readonly #heap: Candidate[] = [];

  push(candidate: Candidate): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(candidate, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = candidate;
  }

  pop(): Candidate | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return first;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
