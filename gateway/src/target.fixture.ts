/** A gateway alone in its process, that tells by IPC where it is and what it holds. For `bad-input.test.ts`. */
import { existsSync, readdirSync } from "node:fs";
import { createGateway } from "./create-gateway.ts";

export interface Introduction {
  readonly url: string;
  readonly id: string;
}

/** After a full collection of garbage. */
export interface Footprint {
  readonly residentBytes: number;
  /** On the heap and in buffers. */
  readonly liveBytes: number;
  /** Open descriptors; where they cannot be counted, active handles. */
  readonly descriptors: number;
  /** Error events of the node so far. */
  readonly errors: number;
}

const DESCRIPTORS = "/proc/self/fd";

let errors = 0;
const gateway = await createGateway({ http: { port: 0 }, join: process.argv.slice(2) });
gateway.node.on("error", () => errors++);
await gateway.node.ready();

process.on("message", () => {
  globalThis.gc!();
  globalThis.gc!();
  const { rss, heapUsed, external } = process.memoryUsage();
  const footprint: Footprint = {
    residentBytes: rss,
    liveBytes: heapUsed + external,
    descriptors: existsSync(DESCRIPTORS) ? readdirSync(DESCRIPTORS).length : process.getActiveResourcesInfo().length,
    errors,
  };
  process.send!(footprint);
});
process.on("disconnect", () => process.exit());
const introduction: Introduction = { url: gateway.url, id: gateway.node.id };
process.send!(introduction);
