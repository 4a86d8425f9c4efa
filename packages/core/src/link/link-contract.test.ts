import { describe, it } from "vitest";
import { describeLink, type LinkPair } from "../testing/link-compliance.ts";
import { RecordingSink } from "../testing/recording-sink.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { type FaultOptions, faulty } from "./faulty.ts";
import type { Link, LinkTraits, OnLink, Transport } from "./link.ts";
import { MemoryNetwork } from "./memory-transport.ts";

type Faults = Omit<FaultOptions, "clock" | "random">;

/** Two links over an in-memory network whose virtual clock runs as fast as the real event loop turns. */
async function memoryPair(
  options: { delayMs?: number; traits?: Partial<LinkTraits>; faults?: Faults } = {},
): Promise<LinkPair> {
  const { faults, ...networkOptions } = options;
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, ...networkOptions });
  const wrap = (transport: Transport): Transport =>
    faults ? faulty(transport, { clock, random: new SeededRandom(1), ...faults }) : transport;

  let running = true;
  const turn = (): void => {
    clock.step();
    if (running) setImmediate(turn);
  };
  turn();

  const ends: { link: Link; sink: RecordingSink }[] = [];
  const record: OnLink = (link) => {
    const sink = new RecordingSink();
    ends.push({ link, sink });
    return sink;
  };
  const listener = await wrap(network.transport("b")).listen!("memory://b", record);
  const dial = (signal: AbortSignal): Promise<void> =>
    wrap(network.transport("a")).dial("memory://b", record, { signal });
  await dial(new AbortController().signal);
  const [b, a] = ends as [(typeof ends)[0], (typeof ends)[0]];

  return {
    a: a.link,
    b: b.link,
    aSink: a.sink,
    bSink: b.sink,
    cut: () => network.drop("a", "b", { detectMs: 5 }),
    dial: (signal) => dial(signal as AbortSignal),
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      await Promise.all(ends.map(({ link }) => link.close()));
      await Promise.all(ends.map(({ sink }) => sink.closed));
      running = false;
      const left = [network.openLinks, network.openListeners, clock.pending];
      if (left.some((count) => count > 0)) throw new Error(`left behind: links, listeners, timers ${left}`);
    },
  };
}

describeLink({ describe, it }, "memory", () => memoryPair());
describeLink({ describe, it }, "memory with delay", () => memoryPair({ delayMs: 7 }));
describeLink({ describe, it }, "unordered memory", () => memoryPair({ traits: { ordered: false } }));
describeLink({ describe, it }, "faulty without faults", () => memoryPair({ faults: {} }));
describeLink({ describe, it }, "faulty with delay", () => memoryPair({ faults: { delayMs: 3 } }));
