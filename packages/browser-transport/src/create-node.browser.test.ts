import { describe, expect, inject, it, onTestFinished } from "vitest";
import { type BrowserNodeOptions, createNode, type MeshNode } from "./index.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** From `gateway/src/lab.fixture.ts`: a gateway with a TCP peer behind it. */
    labUrl: string;
  }
}

/** What that peer exposes. */
interface Lab {
  stream(topic: string, count: number): void;
  publishBytes(topic: string, count: number, value: number): void;
  collect(topic: string): void;
  collected(topic: string): unknown[];
  call(service: string, text: string): string;
  restartGateway(): void;
  leaves(): string[];
}

const url = inject("labUrl");
const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
let pages = 0;

/** A node of this page in the lab's mesh, with a topic of its own. */
async function page(options: BrowserNodeOptions = {}) {
  const name = `page-${++pages}`;
  const node = await createNode({ name, mesh: "lab", join: [url], ...options });
  onTestFinished(() => node.close({ timeoutMs: 0 }));
  await node.ready({ timeoutMs: 5_000 });
  return { node, lab: node.remote<Lab>("lab"), topic: `lab/${name}` };
}

/** All that arrives on `topic`, once subscribed to everywhere. */
async function collect(node: MeshNode, topic: string) {
  const received = { data: [] as unknown[], gaps: [] as unknown[] };
  const subscription = node.subscribe(topic, { echo: false }, ({ data }) => void received.data.push(data));
  subscription.on("gap", (gap) => received.gaps.push(gap));
  await subscription.ready;
  return received;
}

describe("createNode() in a page", () => {
  it("is a leaf that is online and sees the mesh behind its gateway", async () => {
    const { node } = await page();
    expect([node.role, node.connection.state]).toEqual(["leaf", "online"]);
    expect(node.edges).toMatchObject([{ peer: { role: "gateway" }, transport: "ws" }]);
    expect((await node.topology()).nodes.map(({ name }) => name)).toContain("lab-peer");
  });

  it("receives what a TCP peer publishes", async () => {
    const { node, lab, topic } = await page();
    const received = await collect(node, `${topic}/*`);
    await lab.stream(`${topic}/x`, 200);
    await expect.poll(() => received.data).toEqual(numbers(200));
    await lab.publishBytes(`${topic}/y`, 5_000_000, 7);
    await expect.poll(() => received.data.length).toBe(201);
    const big = received.data[200] as Uint8Array;
    expect([big.byteLength, big.every((byte) => byte === 7)]).toEqual([5_000_000, true]);
  });

  it("publishes to a TCP peer", async () => {
    const { node, lab, topic } = await page();
    await lab.collect(topic);
    await node.waitForSubscribers(topic, { timeoutMs: 5_000 });
    for (const number of numbers(200)) await node.publish(topic, number);
    await node.publish(topic, { text: "größer", bytes: new Uint8Array([1, 2, 3]) });
    const all = [...numbers(200), { text: "größer", bytes: new Uint8Array([1, 2, 3]) }];
    await expect.poll(() => lab.collected(topic)).toEqual(all);
  });

  it("calls a TCP peer and is called by it", async () => {
    const { node, lab, topic } = await page();
    node.expose(topic, {
      show: (text: string) => `shown: ${text}`,
    });
    await expect.poll(() => lab.call(topic, "hello").catch(({ code }) => code)).toBe("shown: hello");
    await expect((lab as unknown as { nothing(): Promise<void> }).nothing()).rejects.toMatchObject({
      code: "no-responder",
    });
  });

  it("comes back by itself when its gateway is restarted; nothing is lost, doubled or out of order", async () => {
    const { node, lab, topic } = await page();
    const received = await collect(node, topic);
    await lab.collect(`${topic}/up`);
    await node.waitForSubscribers(`${topic}/up`, { timeoutMs: 5_000 });
    const states: string[] = [];
    node.on("connection", ({ state }) => states.push(state));
    await lab.stream(topic, 1_500);
    await expect.poll(() => received.data.length).toBeGreaterThan(100);
    await node.publish(`${topic}/up`, "before");
    // Its answer may go down with the gateway.
    void lab.restartGateway().catch(() => {});
    await expect.poll(() => states).toContain("offline");
    await node.publish(`${topic}/up`, "meanwhile");
    await expect.poll(() => received.data.length, { timeout: 20_000 }).toBe(1_500);
    await node.publish(`${topic}/up`, "after");
    expect([received.data, received.gaps]).toEqual([numbers(1_500), []]);
    expect([states[0], states.at(-1)]).toEqual(["offline", "online"]);
    await expect.poll(() => lab.collected(`${topic}/up`)).toEqual(["before", "meanwhile", "after"]);
  }, 30_000);

  it("says goodbye", async () => {
    const { lab } = await page();
    const other = await page();
    expect(await lab.leaves()).toContain(other.node.name);
    await other.node.close();
    await expect.poll(() => lab.leaves()).not.toContain(other.node.name);
    expect(() => other.node.publish("x", 1)).toThrow("publish after this node was closed");
  });
});
