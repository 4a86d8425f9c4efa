import { describe, expect, it } from "vitest";
import type { MeshError } from "../base/errors.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import type { Link, LinkSink } from "./link.ts";
import { MemoryNetwork, type MemoryNetworkOptions } from "./memory-transport.ts";

interface End {
  readonly link: Link;
  readonly packets: Uint8Array[];
  readonly heardAt: number[];
  closed: MeshError | "agreed" | undefined;
}

function world(options: Omit<MemoryNetworkOptions, "clock"> = {}) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, ...options });
  const never = new AbortController().signal;
  const ends: End[] = [];
  const recorder = (link: Link): LinkSink => {
    const end: End = { link, packets: [], heardAt: [], closed: undefined };
    ends.push(end);
    return {
      onPacket: (bytes) => {
        end.packets.push(bytes);
        end.heardAt.push(clock.now());
      },
      onWritable() {},
      onClosed: (error) => (end.closed = error ?? "agreed"),
    };
  };
  const dial = async (from: string, to: string, signal: AbortSignal = never): Promise<[End, End]> => {
    const dialled = network.transport(from).dial(`memory://${to}`, recorder, { signal });
    const outcome = dialled.then(
      () => undefined,
      (error: unknown) => error,
    );
    await clock.run(100);
    const error = await outcome;
    if (error) throw error;
    return [ends.at(-1)!, ends.at(-2)!];
  };
  const listen = (name: string) => network.transport(name).listen!(`memory://${name}`, recorder);
  return { clock, network, dial, listen, ends };
}

const code = (end: End): string | undefined => (end.closed === "agreed" ? "agreed" : end.closed?.code);

describe("MemoryNetwork", () => {
  it("delays each direction by its own time and keeps the order", async () => {
    const random = new SeededRandom(1);
    const { clock, dial, listen } = world({ delayMs: (from) => (from === "a" ? 5 + 10 * random.float() : 30) });
    await listen("b");
    const [a, b] = await dial("a", "b");
    const startMs = clock.now();
    for (let count = 0; count < 50; count++) a.link.send([Uint8Array.of(count)]);
    b.link.send([Uint8Array.of(99)]);
    clock.advance(5);
    expect(b.packets).toHaveLength(0);
    clock.advance(10);
    expect(b.packets.map((packet) => packet[0])).toEqual([...Array(50).keys()]);
    expect(b.heardAt).toEqual([...b.heardAt].sort((one, other) => one - other));
    clock.advance(15);
    expect(a.heardAt).toEqual([startMs + 30]);
  });

  it("delivers out of order only when its traits say so", async () => {
    const random = new SeededRandom(3);
    const { clock, dial, listen } = world({ delayMs: () => 20 * random.float(), traits: { ordered: false } });
    await listen("b");
    const [a, b] = await dial("a", "b");
    for (let count = 0; count < 50; count++) a.link.send([Uint8Array.of(count)]);
    clock.advance(20);
    const order = b.packets.map((packet) => packet[0]!);
    expect(order).not.toEqual([...Array(50).keys()]);
    expect([...order].sort((one, other) => one - other)).toEqual([...Array(50).keys()]);
  });

  it("cut() ends the links of a pair after the detection delay and refuses dials until heal()", async () => {
    const { clock, network, dial, listen } = world({ delayMs: 2 });
    await listen("b");
    const [a, b] = await dial("a", "b");
    a.link.send([Uint8Array.of(1)]);
    network.cut("b", "a", { detectMs: 50 });
    a.link.send([Uint8Array.of(2)]);
    clock.advance(49);
    expect([code(a), code(b), b.packets.length]).toEqual([undefined, undefined, 0]);
    clock.advance(1);
    expect([code(a), code(b), b.packets.length]).toEqual(["link-lost", "link-lost", 0]);
    await expect(dial("a", "b")).rejects.toMatchObject({ code: "dial-failed" });
    network.heal("a", "b");
    await dial("a", "b");
    expect(network.openLinks).toBe(2);
  });

  it("drop() ends the links of a pair and lets them dial again", async () => {
    const { clock, network, dial, listen } = world();
    await listen("b");
    const [a, b] = await dial("a", "b");
    network.drop("a", "b");
    clock.advance(0);
    expect([code(a), code(b)]).toEqual(["link-lost", "link-lost"]);
    await dial("a", "b");
    expect(network.openLinks).toBe(2);
  });

  it("partition() separates two groups and nothing else", async () => {
    const { clock, network, dial, listen } = world();
    for (const name of ["b", "c"]) await listen(name);
    const [, b] = await dial("a", "b");
    const [, c] = await dial("a", "c");
    network.partition(["a"], ["b", "d"]);
    clock.advance(0);
    expect([code(b), code(c)]).toEqual(["link-lost", undefined]);
    await expect(dial("a", "b")).rejects.toMatchObject({ code: "dial-failed" });
    network.healAll();
    await dial("a", "b");
  });

  it("crash() silences an endpoint at once and tells the others after the detection delay", async () => {
    const { clock, network, dial, listen } = world({ delayMs: 1 });
    await listen("b");
    const zombie = network.transport("b");
    const [a, b] = await dial("a", "b");
    b.link.send([Uint8Array.of(1)]);
    network.crash("b", { detectMs: 30 });
    clock.advance(0);
    expect([code(a), code(b)]).toEqual([undefined, "link-lost"]);
    clock.advance(30);
    expect([code(a), a.packets.length]).toEqual(["link-lost", 0]);
    await expect(zombie.listen!("memory://b", () => expect.unreachable())).rejects.toMatchObject({
      code: "listen-failed",
    });
    await expect(dial("a", "b")).rejects.toMatchObject({ code: "dial-failed" });
    await listen("b");
    await dial("a", "b");
    const stillDead = zombie.dial("memory://b", () => expect.unreachable(), { signal: new AbortController().signal });
    const refused = expect(stillDead).rejects.toMatchObject({ code: "dial-failed" });
    await clock.run(10);
    await refused;
  });

  it("leaves nothing on its clock when both ends have closed", async () => {
    const { clock, network, dial, listen } = world({ delayMs: 3 });
    const listener = await listen("b");
    const [a, b] = await dial("a", "b");
    a.link.send([Uint8Array.of(1)]);
    const closed = a.link.close();
    clock.advance(20);
    await closed;
    await listener[Symbol.asyncDispose]();
    expect([code(a), code(b), b.packets.length]).toEqual(["agreed", "agreed", 1]);
    expect([clock.pending, network.openLinks, network.openListeners]).toEqual([0, 0, 0]);
  });

  it("refuses addresses that are not its own, naming the rule and the value", async () => {
    const { network } = world();
    const transport = network.transport("a");
    expect(() => transport.checkAddress("tcp://a:1")).toThrow('address must be "memory://<name>", got "tcp://a:1"');
    await expect(transport.listen!("memory://b", () => expect.unreachable())).rejects.toThrow(TypeError);
  });

  it("carries a hundred thousand messages without a pause worth naming", async () => {
    const { clock, dial, listen } = world({ delayMs: 1 });
    await listen("b");
    const [a, b] = await dial("a", "b");
    const message = new Uint8Array(64);
    for (let count = 0; count < 100_000; count++) {
      if (!a.link.send([message])) clock.advance(1);
    }
    clock.advance(1);
    expect(b.packets).toHaveLength(100_000);
  });
});
