import { describe, expect, it, onTestFinished } from "vitest";
import { MeshError } from "../base/errors.ts";
import type { Flow } from "../delivery/index.ts";
import { loneFeeds } from "../testing/lone-feeds.fixture.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { encodePayload } from "../wire/index.ts";
import type { Message, SubscribeOptions } from "./index.ts";
import { Subscription } from "./subscription.ts";

async function node() {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const made = await mesh.node("a");
  const errors: unknown[] = [];
  made.on("error", (error) => errors.push(error));
  return { mesh, node: made, errors };
}

/** Everything that waits, in order. */
async function all(subscription: Subscription<unknown>): Promise<Message[]> {
  subscription.close();
  const messages: Message[] = [];
  for await (const message of subscription) messages.push(message);
  return messages;
}

const read = async (subscription: Subscription<unknown>): Promise<string[]> =>
  (await all(subscription)).map(({ topic, data, seq }) => `${topic} ${seq} ${data}`);

describe("a subscription read by a loop", () => {
  it("gives messages of all its topics in order of arrival, with their numbers", async () => {
    const { node: a } = await node();
    const subscription = a.subscribe("t/*");
    for (const [topic, data] of [
      ["t/x", "one"],
      ["t/y", "two"],
      ["t/x", "three"],
      ["u", "other"],
    ] as const)
      await a.publish(topic, data);
    expect(subscription.waiting).toBe(3);
    expect(await read(subscription)).toEqual(["t/x 1 one", "t/y 1 two", "t/x 2 three"]);
  });

  it("keeps what came before the loop began, and ends it when closed", async () => {
    const { mesh, node: a } = await node();
    const subscription = a.subscribe<number>("t");
    await a.publish("t", 1);
    const heard: number[] = [];
    const loop = (async () => {
      for await (const { data } of subscription) heard.push(data);
    })();
    await mesh.run(1);
    await a.publish("t", 2);
    await mesh.run(1);
    expect(heard).toEqual([1, 2]);
    subscription.close();
    await mesh.until(loop);
  });

  it("is closed by leaving the loop, and what waited is let go", async () => {
    const { node: a } = await node();
    const subscription = a.subscribe("t");
    for (let i = 0; i < 3; i++) await a.publish("t", i);
    for await (const _ of subscription) break;
    await a.publish("t", 3);
    expect([subscription.waiting, a.status().log.flows]).toEqual([0, 1]);
  });

  it("does not hear what this very node publishes, when asked not to", async () => {
    const { mesh, node: a } = await node();
    const b = await mesh.node("b", { join: ["a"] });
    const subscription = b.subscribe("t", { echo: false });
    await mesh.until(subscription.ready);
    await b.publish("t", "own");
    await a.publish("t", "theirs");
    await mesh.run(10);
    expect(await read(subscription)).toEqual(["t 1 theirs"]);
  });

  it("gives data, headers, origin and time as they were published", async () => {
    const { mesh, node: a } = await node();
    const subscription = a.subscribe("t");
    await a.publish("t", { x: [1, null, "ñ"] }, { headers: { kind: "pose", final: true } });
    await a.publish("t", new Uint8Array([1, 2]));
    await a.publish("t", new Uint8Array(5_000).fill(7), { transfer: true });
    const [object, small, large] = await all(subscription);
    expect(object).toEqual({
      ...{ topic: "t", data: { x: [1, null, "ñ"] }, origin: a.id, seq: 1, publishedAt: mesh.clock.wallNow() },
      ...{ headers: { kind: "pose", final: true }, gap: undefined },
    });
    expect([small!.data, small!.headers]).toEqual([new Uint8Array([1, 2]), {}]);
    expect(large!.data).toEqual(new Uint8Array(5_000).fill(7));
  });

  it("hands out small data of its own: changing it changes nothing else", async () => {
    const { node: a } = await node();
    const [one, two] = [a.subscribe<Uint8Array>("t"), a.subscribe<Uint8Array>("t")];
    await a.publish("t", new Uint8Array([1, 2]));
    for await (const { data } of one) {
      data.fill(9);
      break;
    }
    for await (const { data } of two) {
      expect(data).toEqual(new Uint8Array([1, 2]));
      break;
    }
  });
});

describe("a subscription with a capacity", () => {
  it.each<[SubscribeOptions, string[], string[]]>([
    [{ capacity: 2 }, ["t/y 1 4", "t/x 4 5"], ["t/x", "t/x", "t/x"]],
    [{ capacity: 2, overflow: "drop-newest" }, ["t/x 1 1", "t/x 2 2"], ["t/x", "t/y", "t/x"]],
  ])("of %j keeps %j and tells what it dropped", async (options, kept, droppedTopics) => {
    const { node: a } = await node();
    const subscription = a.subscribe("t/*", options);
    const dropped: string[] = [];
    subscription.on("drop", ({ topic, origin, count }) => {
      expect([origin, count]).toEqual([a.id, 1]);
      dropped.push(topic);
    });
    for (const [data, topic] of ["t/x", "t/x", "t/x", "t/y", "t/x"].entries()) await a.publish(topic, data + 1);
    expect([subscription.dropped, dropped]).toEqual([3, droppedTopics]);
    expect(await read(subscription)).toEqual(kept);
  });

  it("takes nothing more once a listener of its drops has closed it", async () => {
    const { node: a } = await node();
    const subscription = a.subscribe("t", { capacity: 1 });
    subscription.on("drop", () => subscription.close());
    for (let i = 1; i <= 4; i++) await a.publish("t", i);
    expect([subscription.dropped, subscription.waiting]).toEqual([1, 0]);
  });
});

describe("a subscription read by a handler", () => {
  it("hands over one message at a time, and waits for a promise", async () => {
    const { mesh, node: a } = await node();
    const log: string[] = [];
    let release!: () => void;
    a.subscribe<number>("t", {}, async ({ data }) => {
      log.push(`begin ${data}`);
      await new Promise<void>((resolve) => (release = resolve));
      log.push(`end ${data}`);
    });
    for (const data of [1, 2]) await a.publish("t", data);
    await mesh.run(1);
    expect(log).toEqual(["begin 1"]);
    release();
    await mesh.run(1);
    expect(log).toEqual(["begin 1", "end 1", "begin 2"]);
  });

  it("goes on after a handler that throws or rejects, and reports it", async () => {
    const { mesh, node: a, errors } = await node();
    const heard: number[] = [];
    a.subscribe<number>("t", {}, ({ data }) => {
      heard.push(data);
      if (data === 1) throw new Error("thrown");
      return data === 2 ? Promise.reject(new Error("rejected")) : undefined;
    });
    for (const data of [1, 2, 3]) await a.publish("t", data);
    await mesh.run(1);
    expect([heard, errors]).toEqual([
      [1, 2, 3],
      [new Error("thrown"), new Error("rejected")],
    ]);
  });
});

/** A subscription on feeds of its own, told by hand what comes. */
function direct(logBytes = 1_000_000) {
  const { feeds, clock, turn, local } = loneFeeds({ logBytes });
  onTestFinished(() => feeds.close());
  const errors: unknown[] = [];
  const host = {
    clock,
    turn,
    feeds,
    self: local.identity.id,
    onError: (error: unknown) => errors.push(error),
    onClose: () => {},
  };
  const subscription = new Subscription<unknown>(host, "**", {}, undefined);
  const flows = new Map<string, Flow>();
  const { onMessages } = subscription;
  let isLost = false;
  subscription.onMessages = (flow, from, to) => {
    flows.set(flow.topic, flow);
    if (!isLost) onMessages.call(subscription, flow, from, to);
  };
  const publish = (topic: string, data: unknown, headers?: unknown): void =>
    feeds.publish(
      topic,
      "reliable",
      false,
      headers === undefined ? undefined : encodePayload(headers),
      encodePayload(data),
    );
  const flow = (topic: string): Flow => flows.get(topic)!;
  /** Numbers `from` to `to` of `topic` are published, and lost on their way. */
  const lose = (topic: string, from: number, to: number): void => {
    isLost = true;
    for (let seq = from; seq <= to; seq++) publish(topic, seq);
    isLost = false;
    subscription.onGap(flow(topic), from, to, "forgotten");
  };
  const gaps: string[] = [];
  subscription.on("gap", ({ topic, from, to, reason }) => gaps.push(`${topic} ${from}-${to} ${reason}`));
  return { subscription, publish, lose, flow, gaps, errors };
}

const withGaps = async (subscription: Subscription<unknown>): Promise<string[]> =>
  (await all(subscription)).map(({ topic, seq, gap }) => `${topic} ${seq}${gap ? ` after ${gap.from}-${gap.to}` : ""}`);

describe("a hole", () => {
  it("is told by the first message after it, of its own topic", async () => {
    const { subscription, publish, lose } = direct();
    publish("a", 1);
    publish("b", 1);
    lose("a", 2, 4);
    publish("b", 2);
    publish("a", 5);
    publish("a", 6);
    expect(await withGaps(subscription)).toEqual(["a 1", "b 1", "b 2", "a 5 after 2-4", "a 6"]);
  });

  it("is told in its place: after what came before it was read, before what came after it is", async () => {
    const { subscription, publish, lose } = direct();
    const told: string[] = [];
    subscription.on("gap", ({ topic, from, to }) => told.push(`${topic} ${from}-${to} lost`));
    publish("a", 1);
    publish("a", 2);
    lose("a", 3, 4);
    publish("a", 5);
    subscription.close();
    for await (const { topic, seq } of subscription) told.push(`${topic} ${seq}`);
    expect(told).toEqual(["a 1", "a 2", "a 3-4 lost", "a 5"]);
  });

  it("is told at once when nothing waits before it, also where nobody reads", async () => {
    const { subscription, publish, lose, gaps } = direct();
    publish("a", 1);
    await subscription[Symbol.asyncIterator]().next();
    lose("a", 2, 4);
    expect(gaps).toEqual(["a 2-4 forgotten"]);
  });

  it("of several kinds that follow on one another is one for the message after it", async () => {
    const { subscription, publish, lose, gaps } = direct();
    publish("a", 1, [1]);
    lose("a", 2, 4);
    publish("a", 5);
    expect(await withGaps(subscription)).toEqual(["a 5 after 1-4"]);
    expect(gaps).toEqual(["a 1-1 undecodable", "a 2-4 forgotten"]);
  });

  it("without an end is told by the first message of the origin's next flow", async () => {
    const { subscription, publish, flow } = direct();
    publish("a", 1);
    const ended = flow("a");
    const next = { ...ended, number: 77, stream: ended.stream } as Flow;
    subscription.onGap(ended, 2, Number.POSITIVE_INFINITY, "origin-lost");
    subscription.onMessages(next, 1, 1);
    expect(await withGaps(subscription)).toEqual(["a 1", "a 1 after 2-Infinity"]);
  });

  it("is what has left the log unread, once for each range", async () => {
    const { subscription, publish, gaps } = direct(64 * 1024);
    for (let i = 1; i <= 2_000; i++) publish("a", "x".repeat(100));
    const lines = await withGaps(subscription);
    const first = Number(/^a (\d+) after/.exec(lines[0]!)![1]);
    expect(first).toBeGreaterThan(1_000);
    expect([gaps, lines.length]).toEqual([[`a 1-${first - 1} too-slow`], 2_001 - first]);
  });

  it("is a message that does not decode, or whose headers are no map; it is reported and the next one comes", async () => {
    const { subscription, publish, gaps, errors } = direct();
    publish("a", 1, [1]);
    publish("a", 2, { fine: true });
    expect(await withGaps(subscription)).toEqual(["a 2 after 1-1"]);
    expect(gaps).toEqual(["a 1-1 undecodable"]);
    expect(errors).toEqual([expect.any(MeshError)]);
    expect((errors[0] as MeshError).message).toContain("was dropped: [malformed-payload] its headers are no map");
  });
});

describe("a subscription nobody reads", () => {
  it("has dropped the volatile messages that have left the log: they are no gap", async () => {
    const { mesh } = await node();
    const b = await mesh.node("b", { logBytes: 64 * 1024 });
    const subscription = b.subscribe("t");
    const told: unknown[] = [];
    subscription.on("drop", ({ count }) => told.push(count));
    subscription.on("gap", (gap) => told.push(gap));
    for (let i = 0; i < 200; i++) void b.publish("t", new Uint8Array(1_024), { reliability: "volatile" });
    const kept = await all(subscription);
    expect(told).toEqual([200 - kept.length]);
    expect([subscription.dropped, kept.at(-1)!.seq, kept[0]!.gap]).toEqual([200 - kept.length, 200, undefined]);
  });

  it("costs no more than the log, however many topics take turns", async () => {
    const { subscription, publish, gaps } = direct(64 * 1024);
    for (let i = 0; i < 300_000; i++) publish(i % 2 === 0 ? "a" : "b", i);
    const { waiting } = subscription;
    const lines = await withGaps(subscription);
    expect(waiting).toBe(lines.length);
    expect(lines.length).toBeLessThan(20_000);
    expect(gaps.length).toBeLessThan(200);
    const lost = gaps
      .map((line) => /(\d+)-(\d+)/.exec(line)!)
      .reduce((sum, [, from, to]) => sum + Number(to) - Number(from) + 1, 0);
    expect(lost + lines.length).toBe(300_000);
  });

  it("remembers no more than the log for each of any number of flows that come and go", () => {
    const { subscription, gaps } = direct();
    for (let i = 0; i < 70_000; i++) {
      const log = { base: 1, head: 1 }; // its one message has left the log
      const flow = { topic: `t/${i}`, stream: `t/${i}`, origin: "o", reliability: "reliable", log };
      subscription.onMessages(flow as unknown as Flow, 1, 1);
    }
    // What was told is not kept.
    expect(gaps.length).toBeGreaterThanOrEqual(64 * 1024 - 1);
    expect(gaps.slice(0, 2)).toEqual(["t/0 1-1 too-slow", "t/1 1-1 too-slow"]);
  });
});
