/** A peer that exposes the object `machine`: any node, a page included, calls it as if it were local. */
import os from "node:os";
import { createNode } from "@chaski/node-transport";
import { cpu, osInfo } from "systeminformation";
import { type Machine, type MachineDetails, MESH, type Page, type Sampler } from "../contract.ts";
import { readOptions } from "./command-line.ts";
import { announceReady, logError, orExit, stopRequested } from "./lifetime.ts";
import { measureTopProcesses } from "./measure.ts";

const MAX_TOP_PROCESSES = 100;
const READY_WITHIN_MS = 10_000;

const options = readOptions("Exposes the object `machine` to the mesh: details, processes, echo, notices on pages.", {
  listen: { value: "<address>", about: "where other peers connect", default: "tcp://127.0.0.1:0" },
  join: { value: "<address>", about: "a peer or gateway to connect to", multiple: true },
  name: { value: "<name>", about: "this node's name", default: "machine" },
});

await using node = await orExit(
  createNode({ name: options.name, mesh: MESH, listen: [options.listen], join: options.join }),
);
node.on("error", logError);

const machine: Machine = {
  details,

  topProcesses(count) {
    if (!(Number.isInteger(count) && count >= 1 && count <= MAX_TOP_PROCESSES)) {
      throw new RangeError(`count must be a whole number from 1 to ${MAX_TOP_PROCESSES}, not ${count}`);
    }
    return measureTopProcesses(count);
  },

  setSamplingInterval: (intervalMs) => node.remote<Sampler>("sampler").setInterval(intervalMs),

  echo: (bytes) => bytes,

  noticePage: (text, pageName) => node.remote<Page>("page", pageName ? { node: pageName } : {}).showNotice(text),
};
using _machine = node.expose("machine", machine);

if (options.join.length > 0) await orExit(node.ready({ timeoutMs: READY_WITHIN_MS }));
announceReady(node.addresses[0] ?? options.listen);
await stopRequested();

async function details(): Promise<MachineDetails> {
  const [system, processor] = await Promise.all([osInfo(), cpu()]);
  return {
    hostname: os.hostname(),
    system: `${system.distro} ${system.release}`.trim(),
    processor: `${processor.manufacturer} ${processor.brand}`.trim(),
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    uptimeSeconds: Math.round(os.uptime()),
    node: process.version,
  };
}
