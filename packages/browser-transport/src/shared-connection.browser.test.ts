import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { createNode, type MeshNode, viaSharedWorker } from "./index.ts";

/** See `gateway/src/lab.fixture.ts`. */
interface Lab {
  stream(topic: string, count: number): void;
  publishBytes(topic: string, count: number, value: number): void;
  collect(topic: string): void;
  collected(topic: string): unknown[];
  call(service: string, text: string): string;
  restartGateway(): void;
  leaves(): string[];
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
let tabs = 0;

const sharedWorker = (): SharedWorker =>
  new SharedWorker(new URL("./hub/hub-script.fixture.ts", import.meta.url), { type: "module" });

/** A node as a tab has it; several of them share one worker as tabs do. */
async function tab(shared = viaSharedWorker(sharedWorker)) {
  const name = `tab-${++tabs}`;
  const node = await createNode({ name, mesh: "lab", join: [inject("labUrl")], shared });
  onTestFinished(() => node.close({ timeoutMs: 0 }));
  await node.ready({ timeoutMs: 10_000 });
  return { node, name, lab: node.remote<Lab>("lab"), topic: `lab/${name}` };
}

function silentWarn() {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  return warn;
}

const transportsOf = (node: MeshNode): string[] => node.edges.map(({ transport }) => transport);

async function collect(node: MeshNode, topic: string) {
  const received = { data: [] as unknown[], gaps: [] as unknown[] };
  const subscription = node.subscribe(topic, { echo: false }, ({ data }) => void received.data.push(data));
  subscription.on("gap", (gap) => received.gaps.push(gap));
  await subscription.ready;
  return received;
}

describe("createNode() with a shared connection", () => {
  it("is a node of its own: publishes, subscribes, sends, calls and is called", async () => {
    const [one, two] = [await tab(), await tab()];
    expect([transportsOf(one.node), transportsOf(two.node)]).toEqual([["port"], ["port"]]);
    expect(await one.lab.leaves()).toEqual(expect.arrayContaining([one.name, two.name]));
    const received = await collect(two.node, one.topic);
    await one.lab.collect(one.topic);
    await one.node.waitForSubscribers(one.topic, { count: 2, timeoutMs: 5_000 });
    for (const number of numbers(200)) await one.node.publish(one.topic, number);
    await expect.poll(() => one.lab.collected(one.topic)).toEqual(numbers(200));
    await expect.poll(() => received.data).toEqual(numbers(200));
    const sent = await collect(two.node, "sent");
    two.node.expose(two.topic, { show: (text: string) => `shown: ${text}` });
    await expect.poll(() => one.lab.call(two.topic, "hello").catch(({ code }) => code)).toBe("shown: hello");
    expect(await one.node.remote<{ show(text: string): string }>(two.topic).show("you")).toBe("shown: you");
    await one.node.send(two.node.id, "sent", "to you alone");
    await expect.poll(() => sent.data).toEqual(["to you alone"]);
    await one.lab.publishBytes(one.topic, 3_000_000, 7);
    await expect.poll(() => (received.data.at(-1) as Uint8Array).byteLength).toBe(3_000_000);
    expect([received.gaps, sent.gaps]).toEqual([[], []]);
  });

  it("goes on with all tabs when the gateway is restarted; nothing is lost, doubled or out of order", async () => {
    const all = [await tab(), await tab(), await tab()];
    const [{ lab, topic }] = all as [(typeof all)[0]];
    const received = await Promise.all(all.map(({ node }) => collect(node, topic)));
    await lab.stream(topic, 1_000);
    await expect.poll(() => received[0]!.data.length).toBeGreaterThan(100);
    void lab.restartGateway().catch(() => {});
    for (const { data, gaps } of received) {
      await expect.poll(() => data.length, { timeout: 20_000 }).toBe(1_000);
      expect([data, gaps]).toEqual([numbers(1_000), []]);
    }
    for (const { node } of all) expect([node.connection.state, transportsOf(node)]).toEqual(["online", ["port"]]);
  }, 40_000);

  it("has a connection of its own where there is no SharedWorker, without a word", async () => {
    const warn = silentWarn();
    vi.stubGlobal("SharedWorker", undefined);
    onTestFinished(() => void vi.unstubAllGlobals());
    const { node } = await tab();
    expect([transportsOf(node), warn.mock.calls]).toEqual([["ws"], []]);
  });

  it.each([
    ["whose script cannot be loaded", () => new SharedWorker("/nothing-here.js"), "the script of the SharedWorker"],
    ["that cannot be made", () => new SharedWorker("https://elsewhere.example/hub.js"), "no SharedWorker can be made"],
  ])("has a connection of its own, and says so, for a SharedWorker %s", async (_what, connect, why) => {
    const warn = silentWarn();
    const { node } = await tab(viaSharedWorker(connect));
    expect(transportsOf(node)).toEqual(["ws"]);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([expect.stringContaining(why)]);
  });

  it("refuses what is no shared connection", async () => {
    await expect(createNode({ shared: true as never })).rejects.toThrow("shared must be what viaSharedWorker() gives");
    expect(() => viaSharedWorker("hub.js" as never)).toThrow("connect must be a function that makes a SharedWorker");
  });
});
