import { describe, expect, it } from "vitest";
import { RecordingSink } from "../testing/recording-sink.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { type FaultOptions, faulty } from "./faulty.ts";
import type { Link, LinkTraits } from "./link.ts";
import { MemoryNetwork } from "./memory-transport.ts";

type Faults = Omit<FaultOptions, "clock" | "random">;

/** A link from `a` to `b` with faults on what `a` sends. */
async function linked(faults: Faults, options: { seed?: number; traits?: Partial<LinkTraits>; delayMs?: number } = {}) {
  const clock = new VirtualClock();
  const { traits = {}, delayMs = 0, seed = 1 } = options;
  const network = new MemoryNetwork({ clock, traits, delayMs });
  const aSink = new RecordingSink();
  const bSink = new RecordingSink();
  await network.transport("b").listen!("memory://b", () => bSink);
  let a: Link | undefined;
  const transport = faulty(network.transport("a"), { clock, random: new SeededRandom(seed), ...faults });
  const onLink = (link: Link): RecordingSink => {
    a = link;
    return aSink;
  };
  const dialled = transport.dial("memory://b", onLink, { signal: new AbortController().signal });
  await clock.run(10);
  await dialled;
  return { clock, network, a: a!, aSink, bSink };
}

/** A frame of 9 bytes that carries one number. */
const numbered = (value: number): Uint8Array => Uint8Array.of(0, 0, 0, 9, 0xff, 0, 0, 0, value);
const numbers = (sink: RecordingSink): number[] => sink.frames.map((frame) => frame[8]!);
const upTo = (count: number): number[] => [...Array(count).keys()];

describe("faulty()", () => {
  it("loses packets of an unreliable link, the same ones for the same seed", async () => {
    const run = async (seed: number): Promise<number[]> => {
      const { clock, a, bSink } = await linked({ loss: 0.3 }, { seed, traits: { reliable: false } });
      for (const value of upTo(100)) a.send([numbered(value)]);
      clock.advance(1);
      return numbers(bSink);
    };
    const first = await run(7);
    expect(first.length).toBeGreaterThan(50);
    expect(first.length).toBeLessThan(90);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
  });

  it("cuts a reliable link instead of losing a packet", async () => {
    const { clock, a, aSink, bSink } = await linked({ loss: 0.1 });
    let sent = 0;
    while (a.send([numbered(sent)])) {
      sent++;
      clock.advance(1);
    }
    clock.advance(1);
    expect(numbers(bSink)).toEqual(upTo(sent));
    expect([(await aSink.closed)?.code, (await bSink.closed)?.code]).toEqual(["link-lost", "link-lost"]);
  });

  it("cuts a link after the given number of packets", async () => {
    const { clock, a, aSink, bSink } = await linked({ cutAfter: () => 3 });
    for (const value of upTo(3)) a.send([numbered(value)]);
    clock.advance(1);
    expect(a.send([numbered(3)])).toBe(false);
    clock.advance(1);
    expect(numbers(bSink)).toEqual([0, 1, 2]);
    expect([(await aSink.closed)?.code, (await bSink.closed)?.code]).toEqual(["link-lost", "link-lost"]);
  });

  it("delays packets and keeps the order of an ordered link", async () => {
    const delays = [30, 5, 10];
    const { clock, a, bSink } = await linked({ delayMs: () => delays.shift() ?? 0 }, { delayMs: 1 });
    for (const value of upTo(3)) a.send([numbered(value)]);
    clock.advance(30);
    expect(numbers(bSink)).toEqual([]);
    clock.advance(1);
    expect(numbers(bSink)).toEqual([0, 1, 2]);
  });

  it("reorders packets of an unordered link only, and loses none", async () => {
    const run = async (ordered: boolean): Promise<number[]> => {
      const { clock, a, bSink } = await linked({ reorder: 0.5 }, { traits: { ordered, reliable: false } });
      for (const value of upTo(20)) {
        a.send([numbered(value)]);
        clock.advance(3);
      }
      clock.advance(20);
      return numbers(bSink);
    };
    expect(await run(true)).toEqual(upTo(20));
    const mixed = await run(false);
    expect(mixed).not.toEqual(upTo(20));
    expect([...mixed].sort((one, other) => one - other)).toEqual(upTo(20));
  });

  it("close() sends what the delay holds first, and leaves nothing on the clock", async () => {
    const { clock, network, a, bSink } = await linked({ delayMs: 50 });
    a.send([numbered(1)]);
    const closing = a.close();
    await clock.run(60);
    await closing;
    expect(numbers(bSink)).toEqual([1]);
    expect([clock.pending, network.openLinks]).toEqual([0, 0]);
  });
});
