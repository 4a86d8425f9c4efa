import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { now } from "../live/heartbeat.ts";
import type { DashboardNode } from "./dashboard-node.ts";

export type Topology = Awaited<ReturnType<DashboardNode["topology"]>>;
export type OwnEdge = DashboardNode["edges"][number];

export interface MeshView {
  /** This page's own edges, with what it measured itself. */
  readonly own: readonly OwnEdge[];
  /** The whole mesh, as its nodes tell each other. */
  readonly topology: Topology;
}

/** A node's name, or the beginning of its id while nobody has told its name. */
export function nameIn({ topology }: MeshView, nodeId: string): string {
  return topology.nodes.find(({ id }) => id === nodeId)?.name ?? nodeId.slice(0, 8);
}

/** The mesh as this page sees it, looked at once per second while the tab is visible. */
export function watchMesh(node: DashboardNode): ReadonlySignal<MeshView> {
  const view = signal<MeshView>({ own: [...node.edges], topology: { nodes: [], edges: [] } });
  const look = async (): Promise<void> => {
    // Away from the mesh there is nobody to ask: what was known stays, the own edges are gone.
    const topology = await node.topology().catch(() => view.peek().topology);
    view.value = { own: [...node.edges], topology };
  };
  effect(() => {
    now.value;
    void look();
  });
  return view;
}
