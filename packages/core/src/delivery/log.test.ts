import { describe, expect, it } from "vitest";
import type { MeshNode } from "../node.ts";
import type { Subscription } from "../streamer/index.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { FlowLog, Log } from "./log.ts";

const KiB = 1024;

describe("a log", () => {
  it("keeps its budget when large payloads come", () => {
    const log = new Log(2048 * KiB);
    const flow = new FlowLog(0);
    let most = 0;
    for (let i = 0; i < 200; i++) {
      log.append(flow, 16, new Uint8Array(300 * KiB));
      most = Math.max(most, log.byteLength);
    }
    expect(most).toBeLessThanOrEqual(2048 * KiB);
    expect(flow.count).toBeGreaterThan(1);
  });

  it("holds the newest payload, even one larger than its budget", () => {
    const log = new Log(64 * KiB);
    const flow = new FlowLog(0);
    log.append(flow, 16, new Uint8Array(512 * KiB));
    log.append(flow, 16, new Uint8Array(512 * KiB));
    expect([flow.head, flow.count, log.locate(flow, 2).view?.byteLength]).toEqual([2, 1, 512 * KiB]);
  });

  it("of a small budget keeps most of it, also of large payloads that came in large packets", () => {
    const log = new Log(64 * KiB);
    const flow = new FlowLog(0);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 100; i++) {
      const packet = new Uint8Array(60 * KiB);
      for (let at = 0; at < packet.length; at += 6 * KiB) log.appendFrame(flow, packet, at, 6 * KiB, at + 32);
      least = Math.min(least, flow.count);
    }
    expect(log.byteLength).toBeLessThanOrEqual(64 * KiB);
    expect(least).toBeGreaterThanOrEqual(6);
  });

  it("reads frames that came side by side, and one of its own between them, as they were", () => {
    const log = new Log(1024 * KiB);
    const [foreign, own] = [new FlowLog(0), new FlowLog(0)];
    const packet = Uint8Array.of(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    log.appendFrame(foreign, packet, 0, 4, 2);
    log.append(own, 0, Uint8Array.of(9, 9, 9, 9));
    log.appendFrame(foreign, packet, 4, 4, 6);
    log.appendFrame(foreign, packet, 8, 4, 10);
    const read = (flow: FlowLog, seq: number): number[] => {
      const frame = log.locate(flow, seq);
      return [...frame.bytes.subarray(frame.at, frame.at + 4)];
    };
    expect([read(foreign, 1), read(own, 1), read(foreign, 2), read(foreign, 3)]).toEqual([
      [1, 1, 1, 1],
      [9, 9, 9, 9],
      [2, 2, 2, 2],
      [3, 3, 3, 3],
    ]);
  });
});

it("what a listener publishes while messages arrive spoils none of them", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const listener = await mesh.node("listener");
  const speaker = await mesh.node("speaker", { join: ["listener"] });
  await mesh.run(1_000);
  const errors: unknown[] = [];
  const [heard, alarms, farAlarms]: [unknown[], unknown[], unknown[]] = [[], [], []];
  listener.on("error", (error) => errors.push(error));
  listener.subscribe("t", { capacity: 1 }).on("drop", () => void listener.publish("alarm", "dropped"));
  listener.subscribe("t", {}, ({ data }) => void heard.push(data));
  listener.subscribe("alarm", {}, ({ data }) => void alarms.push(data));
  speaker.subscribe("alarm", {}, ({ data }) => void farAlarms.push(data));
  await mesh.run(1_000);
  for (const data of ["one", "two", "three"]) void speaker.publish("t", data);
  await mesh.run(1_000);
  expect({ heard, alarms, farAlarms, errors }).toEqual({
    heard: ["one", "two", "three"],
    alarms: ["dropped", "dropped"],
    farAlarms: ["dropped", "dropped"],
    errors: [],
  });
});

describe("a closed subscription whose messages have left the log", () => {
  /** Five messages wait at a subscription that is closed; then they leave the log. */
  async function closedAndForgotten(mesh: SimulatedMesh, subscribe: (node: MeshNode) => Subscription): Promise<void> {
    const listener = await mesh.node("listener", { logBytes: 64 * KiB });
    const speaker = await mesh.node("speaker", { join: ["listener"] });
    await mesh.run(1_000);
    const subscription = subscribe(listener);
    await mesh.until(subscription.ready);
    for (let i = 0; i < 5; i++) void speaker.publish("t", new Uint8Array(KiB));
    await mesh.run(100);
    subscription.close();
    await mesh.run(100);
    for (let i = 0; i < 500; i++) void listener.publish("own", new Uint8Array(KiB));
  }

  it("ends its loop", async () => {
    await using mesh = new SimulatedMesh({ settle });
    let messages: AsyncIterator<unknown> | undefined;
    await closedAndForgotten(mesh, (node) => {
      const subscription = node.subscribe("t");
      messages = subscription[Symbol.asyncIterator]();
      return subscription;
    });
    expect(await messages?.next()).toMatchObject({ done: true });
  });

  it("calls its handler no more, once what it had in hand is done", async () => {
    await using mesh = new SimulatedMesh({ settle });
    const handled: (() => void)[] = [];
    await closedAndForgotten(mesh, (node) =>
      node.subscribe("t", {}, () => new Promise<void>((resolve) => handled.push(resolve))),
    );
    handled[0]?.();
    await mesh.run(100);
    expect(handled.length).toBe(1);
  });
});

it("a message from before its origin vanished carries no gap", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const listener = await mesh.node("listener");
  const speaker = await mesh.node("speaker", { join: ["listener"] });
  await mesh.run(1_000);
  const subscription = listener.subscribe("**");
  const messages = subscription[Symbol.asyncIterator]();
  await mesh.until(subscription.ready);
  void speaker.publish("theirs", 1);
  await mesh.run(100);
  void listener.publish("own", 2);
  mesh.network.crash("speaker");
  await mesh.run(300_000);
  expect((await messages.next()).value).toMatchObject({ topic: "theirs", data: 1, gap: undefined });
});
