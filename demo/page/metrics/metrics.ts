import type { MeshNode } from "@chaski/core";
import { Feed } from "./feed.ts";

/** Everything the metrics peer publishes. The subscriptions outlive any edge: a new gateway serves them too. */
export function followMetrics(node: MeshNode) {
  return {
    cpu: new Feed(node, "machine/cpu", ({ percent, cores }) => [percent, ...cores]),
    memory: new Feed(node, "machine/memory", ({ usedBytes }) => [usedBytes]),
    load: new Feed(node, "machine/load", ({ oneMinute }) => [oneMinute]),
    network: new Feed(node, "machine/network", (sample) => [sample.inBytesPerSecond, sample.outBytesPerSecond]),
    processes: new Feed(node, "machine/processes", () => []),
  };
}
