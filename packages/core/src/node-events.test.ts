import { describe, expect, it, onTestFinished } from "vitest";
import { keylessIdentity } from "./auth/index.ts";
import { silentLogger } from "./base/clock.ts";
import { TIMINGS } from "./base/limits.ts";
import { Turn } from "./base/turn.ts";
import { Edges, type LocalNode } from "./edge/index.ts";
import type { MeshNode } from "./node.ts";
import { settle } from "./testing/node-settle.fixture.ts";
import { SimulatedMesh } from "./testing/simulated-mesh.ts";
import { control, Lane, Writer } from "./wire/index.ts";

function simulation(): SimulatedMesh {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  return mesh;
}

/** Everything that happens at a node from now on. */
function listen(node: MeshNode): string[] {
  const heard: string[] = [];
  node.on("edgeopen", ({ peer }) => heard.push(`edge to ${peer.name}`));
  node.on("edgeclose", ({ edge, reason, error }) => {
    expect(reason).toBe(error?.code ?? "goodbye");
    heard.push(`no edge to ${edge.peer.name}: ${reason}`);
  });
  node.on("nodejoin", ({ name }) => heard.push(`${name} joined`));
  node.on("nodeleave", ({ node: { name }, reason }) => heard.push(`${name} left: ${reason}`));
  return heard;
}

/** a - b - c, and what the first two hear from now on. */
async function line(mesh: SimulatedMesh) {
  const a = await mesh.node("a");
  const b = await mesh.node("b", { join: ["a"] });
  const identity = keylessIdentity(mesh.random);
  const c = await mesh.node("c", { join: ["b"] }, { identity });
  await mesh.run(2_000);
  return { a, b, c, identity, atA: listen(a), atB: listen(b) };
}

describe("edgeopen, edgeclose, nodejoin and nodeleave", () => {
  it("tell of a node that comes, and closes", async () => {
    const mesh = simulation();
    const { c, atA, atB } = await line(mesh);
    const d = await mesh.node("d", { join: ["b"] });
    await mesh.run(2_000);
    expect([atA, atB.sort()]).toEqual([["d joined"], ["d joined", "edge to d"]]);
    const atD = listen(d);
    await mesh.until(c.close());
    await mesh.run(2_000);
    expect([atA.slice(1), atB.slice(2).sort()]).toEqual([
      ["c left: goodbye"],
      ["c left: goodbye", "no edge to c: goodbye"],
    ]);
    expect(atD).toEqual(["c left: goodbye"]);
    await mesh.until(d.close());
    expect(atD.slice(1)).toEqual(["no edge to b: goodbye"]);
  });

  it("tell of an edge that one side lets go: its node lives", async () => {
    const mesh = simulation();
    const { b, c, atA, atB } = await line(mesh);
    const atC = listen(c);
    await mesh.until(c.disconnect(b.id));
    await mesh.run(2_000);
    expect([atA, atB, atC.sort()]).toEqual([
      ["c left: unreachable"],
      ["no edge to c: goodbye", "c left: unreachable"],
      ["a left: unreachable", "b left: unreachable", "no edge to b: goodbye"],
    ]);
  });

  it.each([
    ["is noticed", 100, "link-lost"],
    ["is not", 60_000, "timed-out"],
  ])("tell of a crash that %s", async (_what, detectMs, code) => {
    const mesh = simulation();
    const { c, atA, atB } = await line(mesh);
    mesh.network.crash("c", { detectMs });
    await mesh.until(c.close({ timeoutMs: 0 }));
    await mesh.run(10_000);
    expect([atA, atB]).toEqual([["c left: unreachable"], [`no edge to c: ${code}`, "c left: unreachable"]]);
  });

  it("tell of an edge cut and restored", async () => {
    const mesh = simulation();
    const { c, atA, atB } = await line(mesh);
    const atC = listen(c);
    mesh.network.cut("b", "c");
    await mesh.run(2_000);
    mesh.network.heal("b", "c");
    await mesh.run(30_000);
    expect([atA, atB]).toEqual([
      ["c left: unreachable", "c joined"],
      ["no edge to c: link-lost", "c left: unreachable", "edge to c", "c joined"],
    ]);
    expect(atC[0]).toBe("no edge to b: link-lost");
    expect(atC.slice(1, 3).sort()).toEqual(["a left: unreachable", "b left: unreachable"]);
    expect(atC.slice(3).sort()).toEqual(["a joined", "b joined", "edge to b"]);
  });

  it("tell of an edge lost in a cycle: nobody left", async () => {
    const mesh = simulation();
    const { a, c, atA, atB } = await line(mesh);
    await mesh.until(a.connect("memory://c"));
    await mesh.run(2_000);
    mesh.network.cut("b", "c");
    await mesh.run(30_000);
    expect([atA, atB]).toEqual([["edge to c"], ["no edge to c: link-lost"]]);
    expect((await c.topology()).nodes.length).toBe(3);
  });

  it("tell of a partition, each side of the other", async () => {
    const mesh = simulation();
    const { c, atA, atB } = await line(mesh);
    const d = await mesh.node("d", { join: ["c"] });
    await mesh.run(2_000);
    const [atC, atD] = [listen(c), listen(d)];
    mesh.network.partition(["a", "b"], ["c", "d"]);
    await mesh.run(2_000);
    expect(atA.slice(1).sort()).toEqual(["c left: unreachable", "d left: unreachable"]);
    expect(atB.slice(1).sort()).toEqual(["c left: unreachable", "d left: unreachable", "no edge to c: link-lost"]);
    expect(atC.sort()).toEqual(["a left: unreachable", "b left: unreachable", "no edge to b: link-lost"]);
    expect(atD.sort()).toEqual(["a left: unreachable", "b left: unreachable"]);
  });

  it("tell of a node that lives anew before anybody missed it: it left and joined, everywhere", async () => {
    const mesh = simulation();
    const { c, identity, atA, atB } = await line(mesh);
    mesh.network.crash("c", { detectMs: 60_000 });
    await mesh.until(c.close({ timeoutMs: 0 }));
    await mesh.node("c", { join: ["b"] }, { identity });
    await mesh.run(10_000);
    expect([atA, atB]).toEqual([
      ["c left: unreachable", "c joined"],
      ["no edge to c: duplicate-edge", "edge to c", "c left: unreachable", "c joined"],
    ]);
  });

  it("tell of leaves by their edges alone, and of everybody to a leaf that loses its gateway", async () => {
    const mesh = simulation();
    const gateway = await mesh.node("gateway", { role: "gateway" });
    await mesh.node("peer", { join: ["gateway"] });
    await mesh.run(2_000);
    const atGateway = listen(gateway);
    const page = await mesh.node("page", { role: "leaf", join: ["gateway"] });
    await mesh.run(2_000);
    const atPage = listen(page);
    mesh.network.cut("page", "gateway");
    await mesh.run(1_000);
    expect(atGateway).toEqual(["edge to page", "no edge to page: link-lost"]);
    expect(atPage[0]).toBe("no edge to gateway: link-lost");
    expect(atPage.slice(1).sort()).toEqual(["gateway left: unreachable", "peer left: unreachable"]);
    mesh.network.heal("page", "gateway");
    await mesh.run(30_000);
    expect(atPage.slice(3).sort()).toEqual(["edge to gateway", "gateway joined", "peer joined"]);
    await mesh.until(page.close());
    expect(atGateway.slice(2)).toEqual(["edge to page", "no edge to page: goodbye"]);
  });

  it("tell of a peer that holds its edge and says nothing any more: it expires", async () => {
    const mesh = simulation();
    const { a, atA, atB } = await line(mesh);
    const mute = mutePeer(mesh, "a", a.id);
    await mesh.run(2_000);
    expect([atA, atB]).toEqual([["edge to mute", "mute joined"], ["mute joined"]]);
    await mesh.run(TIMINGS.recordExpiryMs + 30_000);
    expect([atA.slice(2), atB.slice(1)]).toEqual([["mute left: expired"], ["mute left: expired"]]);
    await mesh.until(mute.close());
  });
});

/** A peer at `neighbour` that tells of itself once, and answers pings for ever. */
function mutePeer(mesh: SimulatedMesh, neighbour: string, neighbourId: string): { close(): Promise<void> } {
  const { clock, random, network } = mesh;
  const identity = keylessIdentity(random);
  const local: LocalNode = {
    ...{ identity, verifier: undefined, mesh: "default", name: "mute" },
    role: "peer",
    incarnation: 1,
    addresses: () => [],
    credential: () => "",
  };
  const writer = new Writer();
  control.recordBody.write(writer, {
    ...{ id: identity.id, incarnation: 1, sequence: 1, role: "peer", name: "mute", publicKey: new Uint8Array(0) },
    ...{ addresses: [], neighbours: [{ id: neighbourId, cost: 2_250 }], directory: 0, gone: false },
  });
  const record = control.record.encode({ ageMs: 0, body: writer.finish(), signature: new Uint8Array(0) });
  const edges = new Edges({
    ...{ local, clock, random, turn: new Turn(clock), logger: silentLogger },
    transports: [network.transport("mute")],
    onOpen: (edge) => {
      edge.send(Lane.control, [control.digest.encode({ whole: true, known: [] })]);
      edge.send(Lane.control, [record]);
    },
    onMeasured: () => {},
    onClosed: () => {},
    onError: () => {},
    onSeedChange: () => {},
    onFrame: (_edge, _type, _packet, at, length) => at + length,
  });
  edges.seed(`memory://${neighbour}`);
  return edges;
}

describe("status()", () => {
  it("counts the bytes of every edge by lane, alike at both ends", async () => {
    const mesh = simulation();
    const { a, b } = await line(mesh);
    await mesh.until(a.subscribe("**").ready);
    await b.publish("reliable", new Uint8Array(10_000));
    for (let i = 0; i < 5; i++) await b.publish("volatile", new Uint8Array(1_000), { reliability: "volatile" });
    await mesh.run(500);
    const [ofA, ofB] = [a, b].map((node) => node.status().edges.find(({ peer }) => peer.name.match(/a|b/))!);
    for (const lane of ["control", "reliable", "volatile", "bulk"] as const)
      expect([ofA!.lanes[lane].bytesIn, ofA!.lanes[lane].bytesOut]).toEqual([
        ofB!.lanes[lane].bytesOut,
        ofB!.lanes[lane].bytesIn,
      ]);
    for (const { bytesIn, bytesOut, lanes } of [ofA!, ofB!]) {
      const sum = (of: "bytesIn" | "bytesOut"): number =>
        Object.values(lanes).reduce((bytes, lane) => bytes + lane[of], 0);
      expect([sum("bytesIn"), sum("bytesOut")]).toEqual([bytesIn, bytesOut]);
    }
    expect(ofA!.lanes.reliable.bytesIn).toBe(10_000 + 32);
    expect(ofA!.lanes.volatile.bytesIn).toBe(5 * (1_000 + 32));
    expect(ofB!.lanes.volatile.bytesIn).toBe(0);
  });

  it("counts what the nodes of a ring tell each other twice as known, and not among what nobody should tell any more", async () => {
    const mesh = simulation();
    const ring: MeshNode[] = [];
    for (const [name, join] of [
      ["a", ["b", "c"]],
      ["b", ["c"]],
      ["c", []],
    ] as const)
      ring.push(await mesh.node(name, { join }));
    await mesh.run(5_000);
    for (const [i, node] of ring.entries()) node.subscribe(`t/${i}`);
    await mesh.run(1_000);
    const counted = ring.map((node) => node.status().counters);
    expect(counted.map(({ knownNews, strayNews }) => [knownNews > 0, strayNews])).toEqual([
      [true, 0],
      [true, 0],
      [true, 0],
    ]);
  });

  it("counts what subscriptions drop, and what is known of the mesh", async () => {
    const mesh = simulation();
    const { a, b } = await line(mesh);
    const subscription = a.subscribe("t", { capacity: 2 });
    await mesh.until(subscription.ready);
    for (let i = 0; i < 5; i++) await b.publish("t", i);
    await mesh.run(500);
    expect(a.status().counters).toMatchObject({
      drops: 3,
      gaps: 0,
      resumes: 0,
      duplicates: 0,
      refused: 0,
      notRelayed: 0,
    });
    expect(b.status().directory).toEqual({ peers: 3, entries: 1, refused: 0, heldBack: 0 });
    subscription.close();
  });
});
