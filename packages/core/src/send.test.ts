import { describe, expect, it, onTestFinished } from "vitest";
import { LIMITS } from "./base/limits.ts";
import type { MeshNode } from "./node.ts";
import type { Message } from "./streamer/index.ts";
import { settle } from "./testing/node-settle.fixture.ts";
import { SimulatedMesh } from "./testing/simulated-mesh.ts";

/** Two peers with one between them, and a page that exposes something. */
async function neighbours() {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const relay = await mesh.node("relay", { role: "gateway" });
  const sender = await mesh.node("sender", { join: ["relay"] });
  const target = await mesh.node("target", { join: ["relay"] });
  const page = await mesh.node("page", { role: "leaf", join: ["relay"] });
  page.expose("page", {});
  await mesh.until(Promise.all([sender.ready(), target.ready(), page.ready()]));
  await mesh.run(200);
  return { mesh, relay, sender, target, page };
}

describe("node.send()", () => {
  it("gives every matching subscription of that node the message, in order, and nobody else", async () => {
    const { mesh, relay, sender, target } = await neighbours();
    const got: Message[] = [];
    const other: Message[] = [];
    target.subscribe("a/*", {}, (message) => void got.push(message));
    relay.subscribe("**", {}, (message) => void other.push(message));
    const bytes = new Uint8Array([1, 2, 3]);
    const sends = [
      sender.send(target.id, "a/x", { n: 1 }, { headers: { kind: "first" } }),
      sender.send(target.id, "a/y", bytes),
      sender.send(target.id, "a/x", "third"),
    ];
    bytes[0] = 9;
    await mesh.until(Promise.all(sends));
    await mesh.run(10);
    expect(got.map(({ topic, data, headers, seq }) => ({ topic, data, headers, seq }))).toEqual([
      { topic: "a/x", data: { n: 1 }, headers: { kind: "first" }, seq: 1 },
      { topic: "a/y", data: new Uint8Array([1, 2, 3]), headers: {}, seq: 2 },
      { topic: "a/x", data: "third", headers: {}, seq: 3 },
    ]);
    expect(got[0]).toMatchObject({ origin: sender.id, publishedAt: expect.any(Number), gap: undefined });
    expect(other).toEqual([]);
  });

  it("reaches a page, and a page reaches whom it knows, and who has spoken to it", async () => {
    const { mesh, sender, target, page } = await neighbours();
    const got: unknown[] = [];
    for (const node of [target, page]) node.subscribe("hello", {}, ({ data, origin }) => void got.push([data, origin]));
    await mesh.until(sender.send(page.id, "hello", "to the page"));
    await mesh.until(page.send(target.id, "hello", "from the page"));
    await mesh.until(target.send(page.id, "hello", "back"));
    await mesh.run(10);
    expect(got).toEqual([
      ["to the page", sender.id],
      ["from the page", page.id],
      ["back", target.id],
    ]);
  });

  it("to its own node gives it to its own subscriptions, but for those without echo", async () => {
    const { mesh, sender } = await neighbours();
    const got: unknown[] = [];
    sender.subscribe("a", {}, ({ data }) => void got.push(data));
    sender.subscribe("a", { echo: false }, () => expect.unreachable());
    await mesh.until(sender.send(sender.id, "a", 1));
    await mesh.run(10);
    expect(got).toEqual([1]);
  });

  it("rejects with no-responder when nothing there subscribes, and with unreachable when the node is not known", async () => {
    const { mesh, sender, target } = await neighbours();
    target.subscribe("b");
    await expect(mesh.until(sender.send(target.id, "a", 1))).rejects.toMatchObject({
      code: "no-responder",
      message: `[no-responder] node ${target.id} has no subscription that "a" matches`,
    });
    await expect(mesh.until(sender.send("0".repeat(32), "a", 1))).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("the message did not arrive"),
    });
  });

  it("waits for a node that is out of reach for a moment, until its own time is over or it is given up", async () => {
    const { mesh, sender, target } = await neighbours();
    const got: unknown[] = [];
    target.subscribe("a", {}, ({ data }) => void got.push(data));
    mesh.network.cut("target", "relay");
    await mesh.run(100);
    const waits = sender.send(target.id, "a", "waited for");
    const late = expect(sender.send(target.id, "a", "late", { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: "timed-out",
      message: '[timed-out] the message on "a" was not taken within 1000 ms; it may still arrive',
    });
    const reason = new Error("never mind");
    const controller = new AbortController();
    const given = expect(sender.send(target.id, "a", "given up", { signal: controller.signal })).rejects.toBe(reason);
    await mesh.run(2_000);
    controller.abort(reason);
    await Promise.all([late, given]);
    mesh.network.heal("target", "relay");
    await mesh.until(waits);
    await mesh.run(100);
    expect(got).toEqual(["waited for"]);
  });

  it.each<[what: string, before: (sender: MeshNode, target: MeshNode) => Promise<unknown>]>([
    ["", () => Promise.resolve()],
    [", also when it was pinged before", (sender, target) => sender.ping(target.id)],
    [
      ", also when it was sent something before",
      (sender, target) => {
        target.subscribe("t");
        return sender.send(target.id, "t", 0);
      },
    ],
  ])("rejects at once for a peer that has said goodbye%s", async (_what, before) => {
    const { mesh, sender, target } = await neighbours();
    await mesh.until(before(sender, target));
    await mesh.until(target.close());
    await mesh.run(100);
    await expect(mesh.until(sender.send(target.id, "t", 1), 5_000)).rejects.toMatchObject({ code: "unreachable" });
  });

  it("rejects with peer-lost when the node is closed before it has come", async () => {
    const { mesh, sender, target } = await neighbours();
    target.subscribe("a");
    mesh.network.cut("sender", "relay");
    const lost = expect(sender.send(target.id, "a", 1)).rejects.toMatchObject({ code: "peer-lost" });
    await mesh.until(target.close());
    mesh.network.heal("sender", "relay");
    await mesh.run(10_000);
    await lost;
  });

  it("rejects with overflow when 4 MiB of it wait there unread, while others are heard; what is read or closed makes room", async () => {
    const { mesh, relay, sender, target } = await neighbours();
    const subscription = target.subscribe("a");
    const reader = subscription[Symbol.asyncIterator]();
    const part = new Uint8Array(LIMITS.sentUnreadBytes / 4 - LIMITS.sentMessageBytes);
    for (let i = 0; i < 4; i++) await mesh.until(sender.send(target.id, "a", part));
    await expect(mesh.until(sender.send(target.id, "a", part))).rejects.toMatchObject({ code: "overflow" });
    await mesh.until(relay.send(target.id, "a", part));
    await reader.next();
    await mesh.until(sender.send(target.id, "a", part));
    subscription.close();
    target.subscribe("a");
    for (let i = 0; i < 4; i++) await mesh.until(sender.send(target.id, "a", part));
    await expect(mesh.until(sender.send(target.id, "a", part))).rejects.toMatchObject({ code: "overflow" });
  });

  it("has that bound for empty messages too", async () => {
    const { mesh, sender, target } = await neighbours();
    target.subscribe("a");
    const most = Math.floor(LIMITS.sentUnreadBytes / LIMITS.sentMessageBytes);
    const empty = new Uint8Array(0);
    await mesh.until(Promise.all(Array.from({ length: most }, () => sender.send(target.id, "a", empty))));
    await expect(mesh.until(sender.send(target.id, "a", empty))).rejects.toMatchObject({ code: "overflow" });
  });

  it("respects the capacity of a subscription, which counts what it drops", async () => {
    const { mesh, sender, target } = await neighbours();
    const subscription = target.subscribe("a", { capacity: 2 });
    for (let i = 0; i < 5; i++) await mesh.until(sender.send(target.id, "a", i));
    const reader = subscription[Symbol.asyncIterator]();
    const data = [(await reader.next()).value?.data, (await reader.next()).value?.data];
    expect([data, subscription.dropped, subscription.waiting]).toEqual([[3, 4], 3, 0]);
  });

  it("throws for arguments that are wrong, and rejects for what is too large", async () => {
    const { mesh, sender, target } = await neighbours();
    const wrong =
      (...args: unknown[]) =>
      () =>
        (sender.send as (...all: unknown[]) => unknown).call(sender, ...args);
    expect(wrong("nobody", "a", 1)).toThrow(TypeError);
    expect(wrong(target.id, "a/", 1)).toThrow(TypeError);
    expect(wrong(target.id, "a", () => {})).toThrow(TypeError);
    expect(wrong(target.id, "a", 1, { reliability: "volatile" })).toThrow(TypeError);
    expect(wrong(target.id, "a", 1, { headers: { a: {} } })).toThrow(TypeError);
    await expect(sender.send(target.id, "a", 1, { timeoutMs: 0 })).rejects.toThrow(RangeError);
    await expect(mesh.until(sender.send(target.id, "a", new Uint8Array(LIMITS.messageBytes)))).rejects.toMatchObject({
      code: "too-large",
    });
  });
});
