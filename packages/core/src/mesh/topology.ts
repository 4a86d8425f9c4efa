/** The mesh as a picture: its peers and the edges between them, the same from wherever one looks. Pure. */
import type { NodeId } from "../base/ids.ts";
import type { NodeInfo } from "./directory.ts";
import { roundTripOf } from "./edge-cost.ts";
import type { LinkState } from "./routes.ts";

export interface Topology {
  /** The node asked, then every peer and gateway it can reach. Other leaves are not in it: see `discover` and `presence`. */
  readonly nodes: readonly NodeInfo[];
  /** Every edge between two of the nodes, once. */
  readonly edges: readonly TopologyEdge[];
}

export interface TopologyEdge {
  readonly from: NodeId;
  readonly to: NodeId;
  /**
   * Round trip as the slower end advertises it, in ms: in coarse steps, 1 or more, changed only when it really has.
   * A leaf measures its own edge; undefined before the first time.
   */
  readonly latencyMs: number | undefined;
}

/** @param gateway What a leaf hangs on. */
export function topologyOf(
  self: NodeInfo,
  peers: Iterable<NodeInfo>,
  records: ReadonlyMap<NodeId, LinkState>,
  gateway: { readonly id: NodeId; readonly latencyMs: number | undefined } | undefined,
): Topology {
  const nodes = [self, ...peers];
  const ids = new Set(nodes.map(({ id }) => id));
  const edges: TopologyEdge[] = [];
  if (gateway && ids.has(gateway.id)) edges.push({ from: self.id, to: gateway.id, latencyMs: gateway.latencyMs });
  for (const from of ids)
    for (const [to, cost] of records.get(from)?.costs ?? []) {
      const back = from < to && ids.has(to) ? records.get(to)?.costs.get(from) : undefined;
      if (back !== undefined) edges.push({ from, to, latencyMs: roundTripOf(Math.max(cost, back)) });
    }
  return { nodes, edges };
}
