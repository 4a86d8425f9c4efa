/** A peer that publishes this machine's metrics over TCP, and exposes `sampler` to change the pace. */
import { createNode } from "@chaski/node-transport";
import { MESH, SAMPLING_INTERVAL, type Sampler, type Topics } from "../contract.ts";
import { Cadence } from "./cadence.ts";
import { readOptions, wholeNumber } from "./command-line.ts";
import { announceReady, logError, orExit, stopRequested } from "./lifetime.ts";
import { measureCpu, measureLoad, measureMemory, measureNetwork, measureProcesses } from "./measure.ts";

/** Reading these costs more than reading the others. */
const NETWORK_AT_LEAST_MS = 500;
const PROCESSES_AT_LEAST_MS = 2_000;

const { minMs, maxMs, defaultMs } = SAMPLING_INTERVAL;
const options = readOptions("Publishes this machine's CPU, memory, load, network and processes to the mesh.", {
  listen: { value: "<address>", about: "where other peers connect", default: "tcp://127.0.0.1:0" },
  join: { value: "<address>", about: "a peer or gateway to connect to", multiple: true },
  name: { value: "<name>", about: "this node's name", default: "metrics" },
  interval: { value: "<ms>", about: "time between two samples", default: String(defaultMs) },
});

const cadence = new Cadence(wholeNumber("interval", options.interval, minMs, maxMs));

await using node = await orExit(
  createNode({ name: options.name, mesh: MESH, listen: [options.listen], join: options.join }),
);
node.on("error", logError);

const sampler: Sampler = {
  interval: () => cadence.intervalMs,
  setInterval(intervalMs) {
    if (!(intervalMs >= minMs && intervalMs <= maxMs)) {
      throw new RangeError(`intervalMs must be from ${minMs} to ${maxMs}, not ${intervalMs}`);
    }
    cadence.intervalMs = intervalMs;
    console.log(`sampling every ${intervalMs} ms`);
    return intervalMs;
  },
};
using _sampler = node.expose("sampler", sampler);

/** Only topics of the contract, with what it says they carry. */
async function publish<Topic extends keyof Topics>(topic: Topic, sample: Topics[Topic]): Promise<void> {
  await node.publish(topic, sample);
}

using _cpu = cadence.every(0, async () => {
  const sample = await measureCpu();
  await publish("machine/cpu", { ...sample, intervalMs: cadence.intervalMs });
});
using _memory = cadence.every(0, async () => publish("machine/memory", await measureMemory()));
using _load = cadence.every(0, async () => publish("machine/load", measureLoad()));
using _processes = cadence.every(PROCESSES_AT_LEAST_MS, async () =>
  publish("machine/processes", await measureProcesses()),
);
using _network = cadence.every(NETWORK_AT_LEAST_MS, async () => {
  const sample = await measureNetwork();
  if (sample) await publish("machine/network", sample);
});

announceReady(node.addresses[0] ?? options.listen);
await stopRequested();
