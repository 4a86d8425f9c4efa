/** What becomes of flows whose origin vanishes, says goodbye, or comes back: virtual time, simulated network. */
import { describe, expect, it, onTestFinished } from "vitest";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

const simulate = (): SimulatedMesh => new SimulatedMesh({ settle });
const MINUTE_MS = 60_000;

/** Subscribe to "t": the data of its messages, and the reasons and ranges of its gaps. */
async function hear(mesh: SimulatedMesh, node: MeshNode): Promise<unknown[]> {
  const heard: unknown[] = [];
  const subscription = node.subscribe("t", {}, ({ data }) => void heard.push(data));
  subscription.on("gap", ({ reason, from, to }) => void heard.push(`${reason} ${from} to ${to}`));
  await mesh.until(subscription.ready);
  await mesh.run(1_000);
  return heard;
}

/** Publish these at "t", one second apart. */
async function say(mesh: SimulatedMesh, node: MeshNode, ...values: unknown[]): Promise<void> {
  for (const value of values) {
    void node.publish("t", value);
    await mesh.run(1_000);
  }
}

const lost = (from: number): string => `origin-lost ${from} to Infinity`;

/** gateway - relay - far (a gateway): each with a subscriber, and two leaves with one. The leaf "speaker" says 1, 2. */
async function aroundSpeaker(mesh: SimulatedMesh) {
  const gateway = await mesh.node("gateway", { role: "gateway" });
  const relay = await mesh.node("relay", { join: ["gateway"] });
  const far = await mesh.node("far", { role: "gateway", join: ["relay"] });
  const beside = await mesh.node("beside", { role: "leaf", join: ["gateway"] });
  const opposite = await mesh.node("opposite", { role: "leaf", join: ["far"] });
  const speaker = await mesh.node("speaker", { role: "leaf", join: ["gateway"] });
  await mesh.run(1_000);
  const heard: Record<string, unknown[]> = {};
  for (const node of [gateway, relay, far, beside, opposite]) heard[node.name] = await hear(mesh, node);
  await say(mesh, speaker, 1, 2);
  return { gateway, speaker, heard, relay, far };
}

/** The same heard by each of the five. */
const byAll = (...each: unknown[]) => ({ gateway: each, relay: each, far: each, beside: each, opposite: each });

describe("a leaf that vanishes", () => {
  it("is told of as lost once, to every subscriber anywhere", async () => {
    await using mesh = simulate();
    const { heard } = await aroundSpeaker(mesh);
    mesh.network.crash("speaker");
    await mesh.run(40 * MINUTE_MS);
    expect(heard).toEqual(byAll(1, 2, lost(3)));
  });

  it("and comes back after its lease is heard on, nothing twice", async () => {
    await using mesh = simulate();
    const { heard, speaker } = await aroundSpeaker(mesh);
    mesh.network.cut("gateway", "speaker");
    await mesh.run(3 * MINUTE_MS);
    await say(mesh, speaker, 3, 4);
    mesh.network.heal("gateway", "speaker");
    await mesh.run(MINUTE_MS);
    await say(mesh, speaker, 5);
    expect(heard).toEqual(byAll(1, 2, lost(3), 3, 4, 5));
  });

  it("is told of as lost again when it came back, spoke and vanished again", async () => {
    await using mesh = simulate();
    const { heard, speaker } = await aroundSpeaker(mesh);
    for (let time = 0; time < 3; time++) {
      mesh.network.cut("gateway", "speaker");
      await mesh.run(3 * MINUTE_MS);
      mesh.network.heal("gateway", "speaker");
      await mesh.run(MINUTE_MS);
      if (time === 1) await say(mesh, speaker, 3); // the first time it stays silent: there is no news
    }
    expect(heard).toEqual(byAll(1, 2, lost(3), 3, lost(2)));
  });

  it("and comes back at another gateway is heard on, nothing twice", async () => {
    await using mesh = simulate();
    const { heard, speaker } = await aroundSpeaker(mesh);
    mesh.network.cut("gateway", "speaker");
    await mesh.run(3 * MINUTE_MS);
    await say(mesh, speaker, 3);
    await mesh.until(speaker.connect("memory://far"));
    await mesh.run(1_000);
    await say(mesh, speaker, 4);
    expect(heard).toEqual(byAll(1, 2, lost(3), 3, 4));
  });

  it("and speaks on alone for longer than positions live brings back nothing old", async () => {
    await using mesh = simulate();
    const { heard, speaker } = await aroundSpeaker(mesh);
    mesh.network.cut("gateway", "speaker");
    for (let minute = 3; minute < 33; minute++) {
      void speaker.publish("t", minute);
      await mesh.run(MINUTE_MS);
    }
    mesh.network.heal("gateway", "speaker");
    await mesh.run(MINUTE_MS);
    await say(mesh, speaker, 33);
    for (const each of Object.values(heard)) {
      expect(each.slice(0, 3)).toEqual([1, 2, lost(3)]);
      const after = each.slice(3).filter((value) => typeof value === "number");
      expect(after).toEqual(Array.from({ length: after.length }, (_, i) => 34 - after.length + i));
      expect(after.length).toBeGreaterThan(4);
      expect(after.length).toBeLessThan(12);
    }
  });

  it("is no loss to whoever subscribes afterwards, who hears it all the same when it is back", async () => {
    await using mesh = simulate();
    const { speaker, relay, far } = await aroundSpeaker(mesh);
    mesh.network.cut("gateway", "speaker");
    await mesh.run(3 * MINUTE_MS);
    const late = [await hear(mesh, relay), await hear(mesh, far)];
    await mesh.run(MINUTE_MS);
    expect(late).toEqual([[], []]);
    mesh.network.heal("gateway", "speaker");
    await mesh.run(MINUTE_MS);
    await say(mesh, speaker, 3);
    expect(late).toEqual([[3], [3]]);
  });

  it("is told of as lost to a subscriber that was cut off meanwhile, after all that the gateway still has", async () => {
    await using mesh = simulate();
    const { heard, speaker } = await aroundSpeaker(mesh);
    mesh.network.cut("gateway", "relay");
    await say(mesh, speaker, 3);
    mesh.network.crash("speaker");
    await mesh.run(2 * MINUTE_MS);
    mesh.network.heal("gateway", "relay");
    await mesh.run(MINUTE_MS);
    expect(heard).toEqual(byAll(1, 2, 3, lost(4)));
  });
});

describe("who says goodbye is lost to nobody", () => {
  it("a leaf", async () => {
    await using mesh = simulate();
    const { heard, speaker } = await aroundSpeaker(mesh);
    void speaker.publish("t", 3);
    await mesh.until(speaker.close());
    await mesh.run(40 * MINUTE_MS);
    expect(heard).toEqual(byAll(1, 2, 3));
  });

  it("a peer", async () => {
    await using mesh = simulate();
    const { heard, gateway } = await aroundSpeaker(mesh);
    const peer = await mesh.node("peer", { join: ["relay"] });
    await mesh.run(1_000);
    await say(mesh, peer, "a");
    void peer.publish("t", "b");
    await mesh.until(peer.close());
    await mesh.run(40 * MINUTE_MS);
    expect(gateway.connection.state).toBe("online");
    expect(heard).toEqual(byAll(1, 2, "a", "b"));
  });

  it("unless its last messages did not arrive", async () => {
    await using mesh = simulate();
    const { heard } = await aroundSpeaker(mesh);
    const peer = await mesh.node("peer", { join: ["relay"] });
    await mesh.run(1_000);
    await say(mesh, peer, "a");
    mesh.network.cut("relay", "far");
    void peer.publish("t", "b");
    await mesh.until(peer.close());
    await mesh.run(40 * MINUTE_MS);
    expect(heard).toMatchObject({ gateway: [1, 2, "a", "b"], far: [1, 2, "a", lost(2), lost(3)] });
  });
});

describe("a peer that is cut off until its record expires, and comes back", () => {
  it("is heard on, nothing twice, by those beside the cut and behind it", async () => {
    await using mesh = simulate();
    const { heard } = await aroundSpeaker(mesh);
    const peer = await mesh.node("peer", { join: ["gateway"] });
    await mesh.run(1_000);
    await say(mesh, peer, "a", "b");
    // The wants of those behind are told again as going on.
    mesh.network.cut("gateway", "relay");
    await mesh.run(1_000);
    mesh.network.heal("gateway", "relay");
    await mesh.run(MINUTE_MS);
    mesh.network.cut("gateway", "peer");
    await say(mesh, peer, "c");
    await mesh.run(5 * MINUTE_MS);
    mesh.network.heal("gateway", "peer");
    await mesh.run(MINUTE_MS);
    await say(mesh, peer, "d", "e");
    for (const each of Object.values(heard)) {
      expect(each.slice(0, 5)).toEqual([1, 2, "a", "b", lost(3)]);
      expect(each.slice(-2)).toEqual(["d", "e"]);
      expect(new Set(each).size).toBe(each.length);
    }
  });
});

describe("topics first published while their peer is given up", () => {
  /** gateway - relay - far, all subscribed to "new/*"; `peer` hangs on the gateway and is cut off for longer than its record lives. */
  async function whileAway(publish: (mesh: SimulatedMesh, peer: MeshNode) => Promise<void>) {
    const mesh = simulate();
    onTestFinished(() => mesh[Symbol.asyncDispose]());
    const gateway = await mesh.node("gateway", { role: "gateway" });
    const relay = await mesh.node("relay", { join: ["gateway"] });
    const far = await mesh.node("far", { role: "gateway", join: ["relay"] });
    const leaf = await mesh.node("leaf", { role: "leaf", join: ["far"] });
    const peer = await mesh.node("peer", { join: ["gateway"] });
    await mesh.run(1_000);
    const heard: Record<string, unknown[]> = {};
    for (const node of [gateway, relay, far, leaf]) {
      const list: unknown[] = (heard[node.name] = []);
      const subscription = node.subscribe("new/*", {}, ({ seq, data }) => void list.push(`${seq}: ${data}`));
      subscription.on("gap", ({ topic, from, to, reason }) => void list.push(`${topic} ${reason} ${from} to ${to}`));
      await mesh.until(subscription.ready);
    }
    mesh.network.cut("gateway", "peer");
    await publish(mesh, peer);
    mesh.network.heal("gateway", "peer");
    await mesh.run(MINUTE_MS);
    await say(mesh, peer, "nothing of this");
    await peer.publish("new/a", "last");
    await mesh.run(1_000);
    return heard;
  }
  const byEach = (...each: unknown[]) => ({ gateway: each, relay: each, far: each, leaf: each });

  it("are heard whole when it is back and still has them", async () => {
    const heard = await whileAway(async (mesh, peer) => {
      await mesh.run(6 * MINUTE_MS);
      for (const value of ["one", "two"]) await peer.publish("new/a", value);
      await mesh.run(MINUTE_MS);
    });
    expect(heard).toEqual(byEach("1: one", "2: two", "3: last"));
  });

  it("are told of as a gap where it has forgotten them", async () => {
    const heard = await whileAway(async (mesh, peer) => {
      await mesh.run(MINUTE_MS);
      for (let i = 1; i <= 12; i++) {
        await peer.publish("new/a", i);
        await mesh.run(MINUTE_MS);
      }
    });
    for (const each of Object.values(heard)) {
      const first = Number(String(each[1]).split(":")[0]);
      expect(first).toBeGreaterThan(1);
      const held = Array.from({ length: 12 - first + 1 }, (_, i) => `${first + i}: ${first + i}`);
      expect(each).toEqual([`new/a forgotten 1 to ${first - 1}`, ...held, "13: last"]);
    }
  });
});
