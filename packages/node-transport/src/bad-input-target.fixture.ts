/** A node to be attacked: it publishes on `steady` and subscribes to `attack/*`. Alone in its process: `attacked-process.fixture.ts`. */
import { existsSync, readdirSync } from "node:fs";
import { createNode } from "./create-node.ts";

export interface Introduction {
  readonly address: string;
  readonly id: string;
}

/** After a full collection of garbage. */
export interface Footprint {
  readonly residentBytes: number;
  /** On the heap and in buffers. */
  readonly liveBytes: number;
  /** Open descriptors; where they cannot be counted, active handles. */
  readonly descriptors: number;
  readonly edges: number;
  readonly flows: number;
  /** Peers known, and how much there was no room for. */
  readonly peers: number;
  readonly refused: number;
  /** Error events of the node so far. */
  readonly errors: number;
}

const DESCRIPTORS = "/proc/self/fd";

let errors = 0;
let next = 0;
const node = await createNode({ name: "target", role: "gateway", listen: ["tcp://127.0.0.1:0"] });
node.on("error", () => errors++);
await node.subscribe("attack/*", {}, () => {}).ready;
setInterval(() => void node.publish("steady", next++), 2);

process.on("message", () => {
  globalThis.gc!();
  globalThis.gc!();
  const { rss, heapUsed, external } = process.memoryUsage();
  const footprint: Footprint = {
    residentBytes: rss,
    liveBytes: heapUsed + external,
    descriptors: existsSync(DESCRIPTORS) ? readdirSync(DESCRIPTORS).length : process.getActiveResourcesInfo().length,
    edges: node.edges.length,
    flows: node.status().log.flows,
    peers: node.status().directory.peers,
    refused: node.status().directory.refused,
    errors,
  };
  process.send!(footprint);
});
process.on("disconnect", () => process.exit());
const introduction: Introduction = { address: node.addresses[0]!, id: node.id };
process.send!(introduction);
