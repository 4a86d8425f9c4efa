import { describe, expect, it, onTestFinished } from "vitest";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import type { Discovered } from "./discovery.ts";

function simulation(): SimulatedMesh {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  return mesh;
}

/** A gateway and a peer on either side of a relay, all alive. */
async function line(mesh: SimulatedMesh): Promise<{ asker: MeshNode; relay: MeshNode; gateway: MeshNode }> {
  const asker = await mesh.node("asker", { role: "gateway" });
  const relay = await mesh.node("relay", { join: ["asker"] });
  const gateway = await mesh.node("gateway", { role: "gateway", join: ["relay"] });
  await mesh.run(1_000);
  return { asker, relay, gateway };
}

async function page(mesh: SimulatedMesh, name: string, gateway: string, ...patterns: string[]): Promise<MeshNode> {
  const node = await mesh.node(name, { role: "leaf", join: [gateway] });
  await mesh.until(Promise.all(patterns.map((pattern) => node.subscribe(pattern).ready)));
  return node;
}

async function discover(mesh: SimulatedMesh, node: MeshNode, topic: string, timeoutMs?: number): Promise<Discovered> {
  await mesh.run(1_000);
  return mesh.until(node.discover(topic, timeoutMs === undefined ? {} : { timeoutMs }));
}

describe("discover()", () => {
  it("finds peers, leaves of other gateways and its own leaves, each once and with its home, but not itself", async () => {
    const mesh = simulation();
    const { asker, relay, gateway } = await line(mesh);
    await mesh.until(Promise.all([asker, relay].map((node) => node.subscribe("scan/*").ready)));
    const far = await page(mesh, "far", "gateway", "scan/front", "*/front");
    const near = await page(mesh, "near", "asker", "scan/**");
    await page(mesh, "other", "gateway", "pose");
    expect(await discover(mesh, asker, "scan/front")).toEqual({
      nodes: [
        { id: far.id, name: "far", role: "leaf", home: gateway.id },
        { id: near.id, name: "near", role: "leaf", home: asker.id },
        { id: relay.id, name: "relay", role: "peer", home: relay.id },
      ],
      missing: [],
    });
    expect((await discover(mesh, far, "scan/front")).nodes.map(({ name }) => name)).toEqual(["asker", "near", "relay"]);
    expect((await discover(mesh, asker, "nothing")).nodes).toEqual([]);
  });

  it("asks only gateways that count leaves for the topic", async () => {
    const mesh = simulation();
    const { asker, relay, gateway } = await line(mesh);
    await page(mesh, "page", "gateway", "pose");
    await mesh.until(gateway.subscribe("scan").ready);
    await mesh.run(1_000);
    const bytesIn = (): number => relay.status().edges.find(({ peer }) => peer.name === "asker")!.bytesIn;
    const before = bytesIn();
    let found: Discovered | undefined;
    void asker.discover("scan").then((result) => {
      found = result;
    });
    await mesh.run(0);
    expect(found?.nodes.map(({ name }) => name)).toEqual(["gateway"]);
    await mesh.run(10);
    expect(bytesIn()).toBe(before);
  });

  it("says which gateways did not answer in time, and why", async () => {
    const mesh = simulation();
    const { asker, gateway } = await line(mesh);
    await page(mesh, "far", "gateway", "scan");
    const near = await page(mesh, "near", "asker", "scan");
    await mesh.run(1_000);
    mesh.network.cut("relay", "gateway", { detectMs: 2_000 });
    const { nodes, missing } = await mesh.until(asker.discover("scan", { timeoutMs: 500 }));
    expect(nodes.map(({ id }) => id)).toEqual([near.id]);
    expect(missing).toMatchObject([
      { gateway: { id: gateway.id, name: "gateway", role: "gateway" }, error: { code: "timed-out" } },
    ]);
  });

  it("waits for the first join, and rejects when there is none in time", async () => {
    const mesh = simulation();
    const { gateway } = await line(mesh);
    await mesh.until(gateway.subscribe("scan").ready);
    await mesh.run(1_000);
    const late = await mesh.node("late", { join: ["asker"] });
    const { nodes } = await mesh.until(late.discover("scan"));
    expect(nodes.map(({ name }) => name)).toEqual(["gateway"]);
    const alone = await mesh.node("alone", { join: ["nobody"] });
    await expect(mesh.until(alone.discover("scan", { timeoutMs: 100 }))).rejects.toMatchObject({ code: "timed-out" });
  });

  it("gives up when its signal says so, and when the node is closed", async () => {
    const mesh = simulation();
    const { asker } = await line(mesh);
    await page(mesh, "far", "gateway", "scan");
    await mesh.run(1_000);
    const controller = new AbortController();
    const aborted = asker.discover("scan", { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(mesh.until(aborted)).rejects.toThrow("enough");
    mesh.network.cut("relay", "gateway", { detectMs: 2_000 });
    const cut = asker.discover("scan");
    await mesh.run(10);
    const closing = asker.close();
    expect((await mesh.until(cut)).missing).toMatchObject([{ error: { code: "closed" } }]);
    await mesh.until(closing);
  });

  it("asks nobody when its node is closed as it joins", async () => {
    const mesh = simulation();
    await line(mesh);
    await page(mesh, "far", "gateway", "scan");
    await mesh.run(1_000);
    const late = await mesh.node("late", { join: ["asker"] });
    const closed = new Promise<void>((resolve) => {
      late.on("connection", ({ state }) => state === "online" && resolve(late.close()));
    });
    await expect(mesh.until(late.discover("scan"))).rejects.toMatchObject({ code: "closed" });
    await mesh.until(closed);
  });
});
