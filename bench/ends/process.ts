/** One process of a contender: `process.mjs <contender> <part>`. Does what the driver asks, and ends with the channel to it. */
import { contenders } from "../contenders/index.ts";
import { type ContenderName, isWork } from "../contenders/names.ts";
import { works } from "../work/index.ts";
import type { Part, Reply, Request } from "./messages.ts";
import { Reader } from "./reader.ts";
import { Worker } from "./worker.ts";
import { Writer } from "./writer.ts";

const [name, part] = process.argv.slice(2) as [ContenderName, Part];

/** What answers the driver besides: the writer, reader or worker that `open` opened. */
let party: object = {};

const own = { open, cpuMicros };

/** @returns Where the next process dials, if this one listens. */
async function open(address: string): Promise<string | undefined> {
  if (isWork(name)) {
    party = new Worker(works[name]);
    return undefined;
  }
  const contender = contenders[name];
  switch (part) {
    case "first": {
      const writer = await Writer.open(contender);
      party = writer;
      return writer.address;
    }
    case "relay":
      return (await contender.relay!(address)).address;
    case "last":
      party = await Reader.open((onPayload) => contender.dial(address, onPayload));
      return undefined;
  }
}

/** Processor time this process has taken, all its threads together. */
function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function answer({ command, args }: Request): Promise<Reply> {
  try {
    const answering = (command in own ? own : party) as Record<string, (...args: unknown[]) => unknown>;
    return { on: "result", value: await answering[command]!(...args) };
  } catch (error) {
    return { on: "failure", message: error instanceof Error ? error.message : String(error) };
  }
}

process.on("message", (request: Request) => {
  void answer(request).then((reply) => process.send!(reply));
});
process.once("disconnect", () => process.exit());
