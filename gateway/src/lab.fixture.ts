/**
 * A mesh for pages: a TCP peer behind a gateway, both in Vitest's own process. What a page's test wants of it, it calls
 * on the peer's object `lab`. The browser project's setup; see `create-node.browser.test.ts` in browser-transport.
 */
import { createNode } from "@chaski/node-transport";
import type { TestProject } from "vitest/node";
import { createGateway, type Gateway } from "./create-gateway.ts";

const MESH = "lab";
/** Between two numbers of a stream, in ms: slow enough to be cut in its middle. */
const PACE_MS = 2;

declare module "vitest" {
  interface ProvidedContext {
    labUrl: string;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const peer = await createNode({ name: "lab-peer", mesh: MESH, listen: ["tcp://127.0.0.1:0"] });
  const start = (port: number): Promise<Gateway> =>
    // The page of the test comes from Vitest's own port.
    createGateway({ mesh: MESH, http: { port }, join: [...peer.addresses], allowOrigins: ["*"] });
  let gateway = await start(0);
  const port = Number(new URL(gateway.url).port);
  const streams = new Set<NodeJS.Timeout>();
  const collected = new Map<string, unknown[]>();

  peer.expose("lab", {
    /** Publish 0, 1, 2, … below `count`, one every few milliseconds. Returns before the first. */
    stream(topic: string, count: number): void {
      let next = 0;
      const timer = setInterval(() => {
        void peer.publish(topic, next++);
        if (next === count) clearInterval(timer);
      }, PACE_MS);
      streams.add(timer);
    },
    /** Publish so many bytes that are all `value`. */
    publishBytes: (topic: string, count: number, value: number) =>
      peer.publish(topic, new Uint8Array(count).fill(value)),
    async collect(topic: string): Promise<void> {
      const data: unknown[] = [];
      collected.set(topic, data);
      await peer.subscribe(topic, {}, (message) => void data.push(message.data)).ready;
    },
    collected: (topic: string) => collected.get(topic),
    call: (service: string, text: string) => peer.remote<{ show(text: string): string }>(service).show(text),
    /** End the gateway and start one anew on the same port. Returns before that. */
    restartGateway(): void {
      setImmediate(async () => {
        await gateway.close({ timeoutMs: 0 });
        gateway = await start(port);
      });
    },
    /** Names of the leaves that hang on the gateway. */
    leaves: () => gateway.node.edges.filter(({ peer: { role } }) => role === "leaf").map(({ peer: { name } }) => name),
  });
  await gateway.node.ready();
  project.provide("labUrl", gateway.url);
  return async () => {
    for (const timer of streams) clearInterval(timer);
    await gateway.close({ timeoutMs: 0 });
    await peer.close({ timeoutMs: 0 });
  };
}
