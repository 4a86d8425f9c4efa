/** Shortest paths from oneself. Pure; every edge costs one for now. */
import type { NodeId } from "../base/ids.ts";

/** What routes need of a record. */
export interface LinkState {
  readonly id: NodeId;
  readonly neighbours: readonly { readonly id: NodeId; readonly cost: number }[];
}

export interface Route {
  /** The neighbour to hand things to. */
  readonly nextHop: NodeId;
  /** Cost of the whole way. */
  readonly cost: number;
}

/**
 * @param neighbours The nodes at the end of our own open edges.
 * @param records Everybody's link state. An edge counts only when both its ends list it.
 * @returns A route to every reachable peer but oneself. Of equal ways the one with the lower first hop wins, on every node.
 */
export function computeRoutes(
  self: NodeId,
  neighbours: Iterable<NodeId>,
  records: ReadonlyMap<NodeId, LinkState>,
): Map<NodeId, Route> {
  const routes = new Map<NodeId, Route>();
  let ring = [...neighbours].filter((id) => id !== self).sort();
  for (const id of ring) routes.set(id, { nextHop: id, cost: 1 });
  while (ring.length > 0) {
    const next: NodeId[] = [];
    for (const id of ring) {
      const { nextHop, cost } = routes.get(id)!;
      for (const neighbour of records.get(id)?.neighbours ?? []) {
        if (neighbour.id === self || routes.has(neighbour.id)) continue;
        if (!records.get(neighbour.id)?.neighbours.some((back) => back.id === id)) continue;
        routes.set(neighbour.id, { nextHop, cost: cost + 1 });
        next.push(neighbour.id);
      }
    }
    ring = next;
  }
  return routes;
}
