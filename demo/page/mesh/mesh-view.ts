import type { Edge, MeshNode, NodeInfo, ServiceInstance, Topology } from "@chaski/core";
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { now } from "../live/heartbeat.ts";

export interface MeshView {
  /** This page's own edges, with what it measured itself. */
  readonly own: readonly Edge[];
  /** The whole mesh, as its nodes tell each other. */
  readonly topology: Topology;
  /** Every exposed object, and where it is. */
  readonly services: readonly ServiceInstance[];
  /** Milliseconds to each other node and back, pinged anew every second. By node id. */
  readonly roundTripMs: ReadonlyMap<string, number>;
}

const EMPTY: MeshView = { own: [], topology: { nodes: [], edges: [] }, services: [], roundTripMs: new Map() };
const PING_TIMEOUT_MS = 2_000;
/** In a large mesh only so many nodes are measured. */
const MAX_PINGED = 16;

/** The mesh as this page sees it, looked at once per second while the tab is visible. */
export function watchMesh(node: MeshNode): ReadonlySignal<MeshView> {
  const view = signal(EMPTY);
  let looking = false;
  const look = async (): Promise<void> => {
    looking = true;
    const { edges: own } = node;
    const topology = await node.topology();
    const roundTripMs = await measure(node, topology.nodes);
    view.value = { own, topology, services: node.services(), roundTripMs };
    looking = false;
  };
  effect(() => {
    if (now.value && !looking) void look();
  });
  return view;
}

/** The nodes that this page has no edge to. */
export function further(nodes: readonly NodeInfo[], self: NodeInfo, own: readonly Edge[]): NodeInfo[] {
  return nodes.filter(({ id }) => id !== self.id && !own.some(({ peer }) => peer.id === id));
}

/** A node's name, or the beginning of its id while nobody has told its name. */
export function nameIn({ topology }: MeshView, nodeId: string): string {
  return topology.nodes.find(({ id }) => id === nodeId)?.name ?? nodeId.slice(0, 8);
}

async function measure(node: MeshNode, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>> {
  const measured = new Map<string, number>();
  const others = nodes.filter(({ id }) => id !== node.id).slice(0, MAX_PINGED);
  const pings = others.map(async ({ id }) => {
    try {
      measured.set(id, (await node.ping(id, { timeoutMs: PING_TIMEOUT_MS })).roundTripMs);
    } catch {
      // Out of reach just now: it is shown without a number.
    }
  });
  await Promise.all(pings);
  return measured;
}
