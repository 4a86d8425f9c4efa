import { describe, expect, it, onTestFinished } from "vitest";
import { LIMITS } from "../base/limits.ts";
import type { Edge } from "../edge/index.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { encodeUnicast, FrameType, Lane, PIPE_HEAD_BYTES, Port, UNICAST_HEAD_BYTES } from "../wire/index.ts";
import { Ingress } from "./ingress.ts";
import { Unicast } from "./unicast.ts";

const big = new Uint8Array(LIMITS.leafMessageBytes);

async function pageAndGateway() {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const gateway = await mesh.node("gateway", { role: "gateway" });
  const page = await mesh.node("page", { role: "leaf", join: ["gateway"] });
  await mesh.until(page.ready());
  for (const node of [gateway, page])
    node.expose(`at ${node.name}`, { size: (bytes: Uint8Array) => bytes.byteLength, big: () => big });
  await mesh.run(100);
  interface Service {
    size(bytes: Uint8Array): number;
    big(): Uint8Array;
  }
  return {
    mesh,
    gateway,
    page,
    fromPage: page.remote<Service>("at gateway"),
    fromGateway: gateway.remote<Service>("at page"),
  };
}

describe("a leaf's 1 MiB limit", () => {
  it("holds for its calls and its answers, not for those it gets, and its edge stays", async () => {
    const { mesh, gateway, page, fromPage, fromGateway } = await pageAndGateway();
    await expect(mesh.until(fromPage.size(big))).rejects.toMatchObject({
      code: "too-large",
      message: expect.stringMatching(/a message of \d+ bytes, more than the 1048576 allowed/),
    });
    await expect(mesh.until(fromGateway.big())).rejects.toMatchObject({
      code: "too-large",
      message: expect.stringMatching(/it ran, but its result is too large: \d+ bytes, 1048576 allowed/),
    });
    expect(await mesh.until(fromGateway.size(big))).toBe(big.byteLength);
    expect((await mesh.until(fromPage.big())).byteLength).toBe(big.byteLength);
    await mesh.until(page.ping(gateway.id, { bytes: LIMITS.leafMessageBytes }));
    await mesh.until(gateway.ping(page.id, { bytes: LIMITS.leafMessageBytes }));
    expect([page.edges.length, gateway.edges.length]).toEqual([1, 1]);
  });

  it("is held against it at its gateway", () => {
    const self = "a".repeat(32);
    const leaf = "b".repeat(32);
    const received: number[] = [];
    const unicast = new Unicast({
      self,
      maxPayloadBytes: LIMITS.messageBytes,
      ingress: new Ingress(() => true, { log: () => {} }),
      home: () => self,
      edge: () => undefined,
      nextHop: () => undefined,
    });
    unicast.listen(Port.pipes, {
      onMessage: (_source, payload) => void received.push(payload.byteLength),
      onBounce: () => {},
    });
    const head = {
      port: Port.pipes,
      lane: Lane.reliable,
      hops: 32,
      target: { node: self, home: self },
      source: { node: leaf, home: self },
    };
    const from = (role: "leaf" | "peer", bytes: number): void =>
      unicast.onFrame(
        { id: leaf, role, subject: {} } as Edge,
        FrameType.unicast,
        encodeUnicast(FrameType.unicast, head, new Uint8Array(bytes)),
      );
    const most = LIMITS.leafMessageBytes + PIPE_HEAD_BYTES;
    from("leaf", most);
    from("peer", most + 1);
    expect(() => from("leaf", most + 1)).toThrow("[too-large] a message of 1048633 bytes from a leaf");
    expect(received).toEqual([most, most + 1]);
  });
});

describe("a relay", () => {
  it.each([
    ["passes on", LIMITS.hops],
    ["bounces", 1],
  ])("that %s a unicast keeps no more than twice its bytes while it waits", (_what, hops) => {
    const self = "a".repeat(32);
    const waiting: Uint8Array[] = [];
    const way = { send: (_lane: Lane, parts: readonly Uint8Array[]) => void waiting.push(...parts) } as unknown as Edge;
    const unicast = new Unicast({
      self,
      maxPayloadBytes: LIMITS.messageBytes,
      ingress: new Ingress(() => true, { log: () => {} }),
      home: () => self,
      edge: () => undefined,
      nextHop: () => way,
    });
    const from = { id: "b".repeat(32), role: "peer", subject: {} } as Edge;
    const address = (digit: string) => ({ node: digit.repeat(32), home: digit.repeat(32) });
    const head = { port: Port.pipes, lane: Lane.reliable, hops, target: address("c"), source: address("b") };
    for (const bytes of [0, 100, 40_000]) {
      const sent = encodeUnicast(FrameType.unicast, head, new Uint8Array(bytes).fill(7));
      const packet = new Uint8Array(64 * 1024);
      packet.set(sent);
      unicast.onFrame(from, FrameType.unicast, packet.subarray(0, sent.byteLength));
      const parts = waiting.splice(0);
      const keptBytes = parts.reduce((sum, part) => sum + part.buffer.byteLength, 0);
      expect(keptBytes).toBeLessThanOrEqual(2 * sent.byteLength);
      expect(Buffer.concat(parts).subarray(UNICAST_HEAD_BYTES).equals(sent.subarray(UNICAST_HEAD_BYTES))).toBe(true);
    }
  });
});
