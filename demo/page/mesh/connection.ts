import { type ReadonlySignal, signal } from "@preact/signals";
import type { DashboardNode } from "./dashboard-node.ts";

export type Connection = DashboardNode["connection"];

/** The node's own word on how it reaches the mesh, as a signal. */
export function watchConnection(node: DashboardNode): ReadonlySignal<Connection> {
  const connection = signal(node.connection);
  node.on("connection", (changed) => {
    connection.value = changed;
  });
  return connection;
}
