/** What subscribers hear when edges, leaves and origins come and go: virtual time, simulated network. */
import { describe, expect, it, onTestFinished } from "vitest";
import { LIMITS } from "../base/limits.ts";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { control } from "../wire/index.ts";
import { rawLeaf } from "./raw-leaf.fixture.ts";

const simulate = (): SimulatedMesh => new SimulatedMesh({ settle });

/** Subscribe to "t": the data of its messages, and the reasons of its gaps, in order. */
async function hear(mesh: SimulatedMesh, node: MeshNode): Promise<unknown[]> {
  const heard: unknown[] = [];
  const subscription = node.subscribe("t", {}, ({ data }) => void heard.push(data));
  subscription.on("gap", ({ reason }) => void heard.push(reason));
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

/** A gateway, a peer and two leaves that join it. */
async function aroundGateway(mesh: SimulatedMesh) {
  const gateway = await mesh.node("gateway", { role: "gateway" });
  const peer = await mesh.node("peer", { join: ["gateway"] });
  const leaf = await mesh.node("leaf", { role: "leaf", join: ["gateway"] });
  const other = await mesh.node("other", { role: "leaf", join: ["gateway"] });
  await mesh.run(1_000);
  return { gateway, peer, leaf, other };
}

/** Longer than a leaf's lease and a record live. */
const SLEEP_MS = 240_000;

describe("a leaf that slept for four minutes", () => {
  it("hears once what a peer published before, during and after its sleep", async () => {
    await using mesh = simulate();
    const { peer, leaf } = await aroundGateway(mesh);
    const heard = await hear(mesh, leaf);
    await say(mesh, peer, 1, 2, 3);
    mesh.network.cut("gateway", "leaf");
    await mesh.run(SLEEP_MS);
    await say(mesh, peer, 4);
    mesh.network.heal("gateway", "leaf");
    await mesh.run(60_000);
    await say(mesh, peer, 5);
    expect(heard.filter((each) => typeof each === "number")).toEqual([1, 2, 3, 4, 5]);
  });

  it("goes on hearing another leaf", async () => {
    await using mesh = simulate();
    const { leaf, other } = await aroundGateway(mesh);
    const heard = await hear(mesh, leaf);
    await say(mesh, other, 1);
    mesh.network.cut("gateway", "leaf");
    await mesh.run(SLEEP_MS);
    mesh.network.heal("gateway", "leaf");
    await mesh.run(130_000);
    await say(mesh, other, 2, 3);
    expect(heard.filter((each) => typeof each === "number")).toEqual([1, 2, 3]);
  });
});

describe("a subscriber", () => {
  it("cut off until records expire goes on hearing a leaf of the other side", async () => {
    await using mesh = simulate();
    const { peer, leaf } = await aroundGateway(mesh);
    const heard = await hear(mesh, peer);
    await say(mesh, leaf, 1);
    mesh.network.cut("gateway", "peer");
    await mesh.run(215_000);
    mesh.network.heal("gateway", "peer");
    await mesh.run(150_000);
    await say(mesh, leaf, 2, 3);
    expect(heard).toEqual([1, 2, 3]);
  });

  it("goes on hearing an origin that comes back after the relay forgot its flow and before the subscriber did", async () => {
    await using mesh = simulate();
    const relay = await mesh.node("relay");
    // The subscriber's sweeps come later than the relay's.
    await mesh.run(9_000);
    const subscriber = await mesh.node("subscriber", { join: ["relay"] });
    const origin = await mesh.node("origin", { join: ["relay"] });
    await mesh.run(2_000);
    const heard = await hear(mesh, subscriber);
    await say(mesh, origin, 1);
    mesh.network.cut("origin", "relay");
    for (let i = 0; i < 30_000 && relay.status().log.flows > 0; i++) await mesh.run(100);
    expect([relay.status().log.flows, subscriber.status().log.flows]).toEqual([0, 1]);
    mesh.network.heal("origin", "relay");
    await mesh.run(60_000);
    await say(mesh, origin, 2, 3);
    expect(heard.filter((each) => typeof each === "number")).toEqual([1, 2, 3]);
  });

  it("hears of no loss when an origin says goodbye", async () => {
    await using mesh = simulate();
    const subscriber = await mesh.node("subscriber");
    const origin = await mesh.node("origin", { join: ["subscriber"] });
    await mesh.run(1_000);
    const heard = await hear(mesh, subscriber);
    await say(mesh, origin, 1);
    await mesh.until(origin.close());
    await mesh.run(400_000);
    expect(heard).toEqual([1]);
  });

  it("goes on hearing a leaf that joins a second gateway and leaves it again", async () => {
    await using mesh = simulate();
    const { peer, leaf } = await aroundGateway(mesh);
    const second = await mesh.node("second", { role: "gateway", join: ["gateway"] });
    const heard = await hear(mesh, peer);
    await say(mesh, leaf, 1);
    await mesh.until(leaf.connect("memory://second"));
    await mesh.run(1_000);
    await say(mesh, leaf, 2);
    await mesh.until(leaf.disconnect(second.id));
    await mesh.run(1_000);
    await say(mesh, leaf, 3);
    await mesh.run(100_000);
    expect(heard).toEqual([1, 2, 3]);
  });

  it("goes on hearing a leaf that moves to another gateway and back to the first", async () => {
    await using mesh = simulate();
    await mesh.node("first", { role: "gateway" });
    const second = await mesh.node("second", { role: "gateway", join: ["first"] });
    const leaf = await mesh.node("leaf", { role: "leaf", join: ["first", "second"] });
    await mesh.run(1_000);
    const heard = await hear(mesh, second);
    await say(mesh, leaf, 1);
    mesh.network.cut("leaf", "first");
    await mesh.run(20_000);
    await say(mesh, leaf, 2);
    mesh.network.heal("leaf", "first");
    mesh.network.cut("leaf", "second");
    await mesh.run(20_000);
    await say(mesh, leaf, 3);
    await mesh.run(120_000);
    expect(heard).toEqual([1, 2, 3]);
  });

  it("cut off while a leaf moved goes on hearing it, whichever way it takes to the leaf's former gateway", async () => {
    await using mesh = simulate();
    await mesh.node("first", { role: "gateway" });
    const relay = await mesh.node("relay");
    await mesh.node("second", { role: "gateway", join: ["first", "relay"] });
    const subscriber = await mesh.node("subscriber", { join: ["first", "relay"] });
    const leaf = await mesh.node("leaf", { role: "leaf", join: ["first", "second"] });
    await mesh.run(1_000);
    const heard = await hear(mesh, subscriber);
    await hear(mesh, relay);
    await say(mesh, leaf, 1);
    for (const other of ["first", "relay"]) mesh.network.cut("subscriber", other);
    mesh.network.cut("leaf", "first");
    await mesh.run(20_000);
    await say(mesh, leaf, 2);
    mesh.network.heal("subscriber", "relay");
    await mesh.run(20_000);
    await say(mesh, leaf, 3);
    mesh.network.heal("subscriber", "first");
    await mesh.run(20_000);
    await say(mesh, leaf, 4);
    await mesh.run(120_000);
    expect(heard).toEqual([1, 2, 3, 4]);
  });

  it("that begins while a leaf is given up for lost hears it when it is back", async () => {
    await using mesh = simulate();
    const gateway = await mesh.node("gateway", { role: "gateway" });
    const relay = await mesh.node("relay", { join: ["gateway"] });
    const subscriber = await mesh.node("subscriber", { join: ["relay"] });
    const leaf = await mesh.node("leaf", { role: "leaf", join: ["gateway"] });
    await mesh.run(1_000);
    await hear(mesh, relay);
    await say(mesh, leaf, 1);
    mesh.network.cut("leaf", "gateway");
    await mesh.run(SLEEP_MS);
    const heard = await hear(mesh, subscriber);
    mesh.network.heal("leaf", "gateway");
    await mesh.until(leaf.waitForSubscribers("t"));
    await mesh.run(20_000);
    await say(mesh, leaf, 2, 3);
    expect([heard, gateway.status().log.flows]).toEqual([[2, 3], 1]);
  });

  it("that is closed while a message is delivered takes it from no other one", async () => {
    await using mesh = simulate();
    const node = await mesh.node("node");
    const closing = node.subscribe("t", { capacity: 1 });
    closing.on("drop", () => closing.close());
    const heard = await hear(mesh, node);
    await say(mesh, node, 1, 2);
    expect(heard).toEqual([1, 2]);
  });
});

it("what a handler publishes before its node closes still arrives, in order", async () => {
  await using mesh = simulate();
  const caller = await mesh.node("caller");
  const echo = await mesh.node("echo", { join: ["caller"] });
  await mesh.run(1_000);
  const errors: unknown[] = [];
  echo.on("error", (error) => errors.push(error));
  const echoing = echo.subscribe("in", {}, ({ data }) => echo.publish("t", data));
  await mesh.until(echoing.ready);
  const heard = await hear(mesh, caller);
  for (let i = 0; i < 100; i++) void caller.publish("in", i);
  await mesh.run(2);
  await mesh.until(echo.close());
  await mesh.run(1_000);
  expect([heard, errors]).toEqual([Array.from({ length: 100 }, (_, i) => i), []]);
});

it("who goes on in more flows than one frame has room for is sent none of them again", { timeout: 0 }, async () => {
  await using mesh = simulate();
  const origin = await mesh.node("origin");
  const subscriber = await mesh.node("subscriber", { join: ["origin"] });
  await mesh.run(1_000);
  let heard = 0;
  for (const pattern of ["even/*", "odd/*"]) subscriber.subscribe(pattern, {}, () => void heard++);
  await mesh.run(1_000);
  for (let i = 0; i < 11_000; i++) void origin.publish(`${i % 2 ? "odd" : "even"}/${i}`, i);
  await mesh.run(1_000);
  mesh.network.drop("origin", "subscriber");
  await mesh.run(30_000);
  expect([heard, subscriber.status().counters.duplicates]).toEqual([11_000, 0]);
});

/** Two gateways, a peer that publishes at "t", and a leaf that learned the number of the peer's flow and can lie about it. */
async function withLiar(mesh: SimulatedMesh) {
  await mesh.node("gateway", { role: "gateway" });
  const second = await mesh.node("second", { role: "gateway", join: ["gateway"] });
  const peer = await mesh.node("peer", { join: ["gateway"] });
  const spy = rawLeaf(mesh, "spy", "gateway");
  const liar = rawLeaf(mesh, "liar", "second");
  await mesh.run(1_000);
  spy.send(control.attach.encode({ origins: [], wants: [{ pattern: "t", fresh: true }], positions: [] }));
  await mesh.run(1_000);
  await say(mesh, peer, 1, 2);
  expect(spy.newestFlow).toBeGreaterThan(0);
  await mesh.until(spy.close());
  return {
    second,
    peer,
    /** Declare the peer's flow as one of `topic`, and claim to have heard it up to `seq`. */
    lie: async (topic: string, seq: number) => {
      const { newestFlow: flow } = spy;
      const incarnation = liar.incarnationOf(peer.id);
      const of = { flow, home: peer.id, incarnation, origin: peer.id, epoch: 0 };
      liar.send(control.flow.encode({ ...of, reliability: "reliable", topic }));
      liar.send(
        control.attach.encode({ origins: [], wants: [{ pattern: topic, fresh: false }], positions: [{ flow, seq }] }),
      );
      await mesh.run(1_000);
    },
    close: () => mesh.until(liar.close()),
  };
}

describe("what a leaf claims of another origin's flow spoils it for nobody", () => {
  it.each([
    ["a position far ahead", "t", 1_000_000],
    ["another topic", "else", 0],
  ])("%s", async (_what, topic, seq) => {
    await using mesh = simulate();
    const { second, peer, lie, close } = await withLiar(mesh);
    await lie(topic, seq);
    const closed: string[] = [];
    second.on("edgeclose", ({ edge }) => void closed.push(edge.peer.name));
    const heard = await hear(mesh, second);
    await say(mesh, peer, 3, 4, 5);
    expect([heard, closed]).toEqual([[3, 4, 5], []]);
    await close();
  });
});

describe("a leaf that claims to hold what nobody has said yet", () => {
  /** A leaf that hears what `speaker` says at "t", and one that then claims to have heard a million times as much. */
  async function claimed(mesh: SimulatedMesh, by: "gateway" | "leaf") {
    const nodes = await aroundGateway(mesh);
    const { gateway, other } = nodes;
    const liar = rawLeaf(mesh, "liar", "gateway");
    await mesh.run(1_000);
    liar.send(control.attach.encode({ origins: [], wants: [{ pattern: "t", fresh: true }], positions: [] }));
    const heard = await hear(mesh, other);
    await say(mesh, nodes[by], 1);
    const closed: unknown[] = [];
    gateway.on("edgeclose", ({ edge, error }) => void closed.push([edge.peer.name, error?.message]));
    liar.send(
      control.attach.encode({ origins: [], wants: [], positions: [{ flow: liar.newestFlow, seq: 1_000_000 }] }),
    );
    await mesh.run(100);
    await say(mesh, nodes[by], 2, 3);
    await mesh.until(liar.close());
    return { heard, closed, flow: liar.newestFlow };
  }

  it("by its gateway itself loses its edge, and nobody else anything", async () => {
    await using mesh = simulate();
    const { heard, closed, flow } = await claimed(mesh, "gateway");
    const why = `[malformed-frame] liar claims to hold number 1000000 of flow ${flow}, which has come to 1`;
    expect([heard, closed[0]]).toEqual([
      [1, 2, 3],
      ["liar", why],
    ]);
  });

  it("by another leaf hears nothing of that itself, and nobody else loses anything", async () => {
    await using mesh = simulate();
    const { heard, closed } = await claimed(mesh, "leaf");
    expect([heard, closed]).toEqual([[1, 2, 3], [["liar", expect.anything()]]]);
  });
});

it("a leaf that exposes more objects than it may is cut, and one that exposes as many is not", async () => {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const gateway = await mesh.node("gateway", { role: "gateway" });
  const reasons: string[] = [];
  gateway.on("edgeclose", ({ reason }) => void reasons.push(reason));
  const greedy = rawLeaf(mesh, "greedy", "gateway");
  onTestFinished(() => mesh.until(greedy.close()));
  await mesh.run(1_000);
  const services = Array.from({ length: LIMITS.leafServices }, (_, object) => ({
    service: `${object}`,
    offered: true,
  }));
  greedy.send(control.interest.encode({ whole: true, topics: [], services }));
  await mesh.run(100);
  expect(reasons).toEqual([]);
  greedy.send(control.interest.encode({ whole: false, topics: [], services: [{ service: "more", offered: true }] }));
  await mesh.run(10);
  expect(reasons).toEqual(["too-large"]);
});
