import { describe, expect, it, onTestFinished } from "vitest";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

function simulation(): SimulatedMesh {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  return mesh;
}

/** What a subscription has heard: topics and data, and gaps. */
async function listen(mesh: SimulatedMesh, node: MeshNode, pattern: string): Promise<string[]> {
  const heard: string[] = [];
  const subscription = node.subscribe(pattern, {}, ({ topic, data }) => void heard.push(`${topic} ${data}`));
  subscription.on("gap", ({ topic }) => heard.push(`gap in ${topic}`));
  const askedAtMs = mesh.clock.now();
  await mesh.until(subscription.ready);
  expect(mesh.clock.now() - askedAtMs).toBeLessThan(100);
  return heard;
}

const TOPICS = ["camera/front", "pose"];

async function publishAll(mesh: SimulatedMesh, nodes: readonly MeshNode[]): Promise<void> {
  for (const node of nodes) for (const topic of TOPICS) await node.publish(topic, node.name);
  await mesh.run(200);
}

/** origin - relay - listener, where the relay is a gateway with a page. */
async function line(mesh: SimulatedMesh, relay: { allow?: string[]; deny?: string[] }): Promise<MeshNode[]> {
  const origin = await mesh.node("origin");
  const middle = await mesh.node("middle", { role: "gateway", join: ["origin"], relay });
  const listener = await mesh.node("listener", { join: ["middle"] });
  const page = await mesh.node("page", { role: "leaf", join: ["middle"] });
  await mesh.run(1_000);
  return [origin, middle, listener, page];
}

describe("relay", () => {
  it.each([
    ["denied", { deny: ["camera/**"] }],
    ["not allowed", { allow: ["pose", "log/**"] }],
    ["allowed and denied", { allow: ["**"], deny: ["camera/*"] }],
  ])(
    "keeps back what is %s, from peers and leaves alike, and all of it is ready without a gap",
    async (_what, relay) => {
      const mesh = simulation();
      const [origin, middle, listener, page] = (await line(mesh, relay)) as [MeshNode, MeshNode, MeshNode, MeshNode];
      const byListener = await listen(mesh, listener, "**");
      const byPage = await listen(mesh, page, "camera/*");
      const byOrigin = await listen(mesh, origin, "camera/front");
      const byMiddle = await listen(mesh, middle, "**");
      await publishAll(mesh, [origin, page, listener]);
      expect(byListener.sort()).toEqual(["camera/front listener", "pose listener", "pose origin", "pose page"]);
      expect([byPage, byOrigin]).toEqual([["camera/front page"], ["camera/front origin"]]);
      expect(byMiddle.length).toBe(6);
      await publishAll(mesh, [middle]);
      for (const heard of [byListener, byPage, byOrigin]) expect(heard).toContain("camera/front middle");
      expect(middle.status().counters.notRelayed).toBeGreaterThan(0);
      expect(listener.status().counters.notRelayed).toBe(0);
    },
  );

  it("asks for nothing that it would keep back", async () => {
    const mesh = simulation();
    const [origin, middle, listener] = (await line(mesh, { deny: ["camera/**"] })) as [MeshNode, MeshNode, MeshNode];
    const heard = await listen(mesh, listener, "camera/*");
    const before = middle.status().edges.find(({ peer }) => peer.name === "origin")!.bytesIn;
    await origin.publish("camera/front", new Uint8Array(100_000));
    await mesh.run(200);
    const after = middle.status().edges.find(({ peer }) => peer.name === "origin")!.bytesIn;
    expect(heard).toEqual([]);
    expect(after - before).toBeLessThan(1_000);
  });

  it("keeps back what it knows already from whoever comes later", async () => {
    const mesh = simulation();
    const [origin, middle, listener] = (await line(mesh, { deny: ["camera/**"] })) as [MeshNode, MeshNode, MeshNode];
    const byMiddle = await listen(mesh, middle, "**");
    await publishAll(mesh, [origin]);
    const byListener = await listen(mesh, listener, "**");
    await publishAll(mesh, [origin]);
    expect([byMiddle.length, byListener]).toEqual([4, ["pose origin"]]);
  });

  it("leaves alone who comes from another relay with positions, and again later", async () => {
    const mesh = simulation();
    const origin = await mesh.node("origin");
    await mesh.node("open", { join: ["origin"] });
    const closed = await mesh.node("closed", { join: ["origin"], relay: { deny: ["camera/**"] } });
    const listener = await mesh.node("listener", { join: ["open", "closed"] });
    mesh.network.cut("listener", "closed");
    await mesh.run(1_000);
    await listen(mesh, closed, "**");
    const heard = await listen(mesh, listener, "**");
    await publishAll(mesh, [origin]);
    mesh.network.heal("listener", "closed");
    await mesh.run(20_000);
    mesh.network.cut("listener", "open");
    await mesh.run(1_000);
    await publishAll(mesh, [origin]);
    expect(heard).toEqual(["camera/front origin", "pose origin", "pose origin"]);
    mesh.network.heal("listener", "open");
    await mesh.run(20_000);
    mesh.network.cut("listener", "closed");
    await mesh.run(1_000);
    await publishAll(mesh, [origin]);
    expect(heard.sort()).toEqual([...Array(3).fill("camera/front origin"), ...Array(3).fill("pose origin")]);
    expect(listener.status().counters.gaps).toBe(0);
  });
});

describe("observe", () => {
  it("holds every topic in the log without being a subscriber, a leaf's too", async () => {
    const mesh = simulation();
    const gateway = await mesh.node("gateway", { role: "gateway" });
    const root = await mesh.node("root", { join: ["gateway"], observe: true });
    const page = await mesh.node("page", { role: "leaf", join: ["gateway"] });
    await mesh.run(1_000);
    const { bytes } = root.status().log;
    await publishAll(mesh, [gateway, page]);
    expect(root.status().log.flows).toBe(4);
    expect(root.status().log.bytes).toBeGreaterThan(bytes);
    expect(await gateway.subscribers("pose")).toEqual({ peers: [], leaves: 0 });
  });

  it("relays and serves late subscribers of its own as any other node", async () => {
    const mesh = simulation();
    const origin = await mesh.node("origin");
    const root = await mesh.node("root", { join: ["origin"], observe: true });
    const listener = await mesh.node("listener", { join: ["root"] });
    await mesh.run(1_000);
    await publishAll(mesh, [origin]);
    const late = [await listen(mesh, root, "pose"), await listen(mesh, listener, "*")];
    expect(late).toEqual([[], []]);
    await publishAll(mesh, [origin]);
    expect(late).toEqual([["pose origin"], ["pose origin"]]);
    expect(root.status().counters).toMatchObject({ duplicates: 0, gaps: 0 });
  });
});
