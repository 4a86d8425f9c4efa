import type { Connection, MeshNode } from "@chaski/core";
import { type ReadonlySignal, signal } from "@preact/signals";

/** The node's own word on how it reaches the mesh, as a signal. */
export function watchConnection(node: MeshNode): ReadonlySignal<Connection> {
  const connection = signal(node.connection);
  node.on("connection", (changed) => {
    connection.value = changed;
  });
  return connection;
}
