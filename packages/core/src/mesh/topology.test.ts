import { describe, expect, it, onTestFinished } from "vitest";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { type Topology, topologyOf } from "./topology.ts";

const self = { id: "b", name: "bob", role: "peer" } as const;
const other = { id: "a", name: "alice", role: "gateway" } as const;
const says = (costs: Readonly<Record<string, number>>) => ({ costs: new Map(Object.entries(costs)) });

describe("topologyOf()", () => {
  it("has each edge once, at the dearer of its ends' costs, and none that only one end tells of", () => {
    const records = new Map([
      ["a", says({ b: 4_250, c: 1_250 })],
      ["b", says({ a: 2_250 })],
      ["c", says({})],
    ]);
    const carol = { id: "c", name: "carol", role: "peer" } as const;
    expect(topologyOf(self, [other, carol], records, undefined)).toEqual({
      nodes: [self, other, carol],
      edges: [{ from: "a", to: "b", latencyMs: 4 }],
    });
  });

  it("leaves out edges to nodes that are out of reach", () => {
    const records = new Map([
      ["b", says({ x: 1_250 })],
      ["x", says({ b: 1_250 })],
    ]);
    expect(topologyOf(self, [], records, undefined)).toEqual({ nodes: [self], edges: [] });
  });

  it("hangs a leaf on its gateway once that is known", () => {
    const page = { id: "z", name: "page", role: "leaf" } as const;
    const hangsOn = { id: "a", latencyMs: 1.5 };
    expect(topologyOf(page, [other], new Map(), hangsOn).edges).toEqual([{ from: "z", to: "a", latencyMs: 1.5 }]);
    expect(topologyOf(page, [], new Map(), hangsOn).edges).toEqual([]);
  });
});

function simulation(): SimulatedMesh {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  return mesh;
}

/** In names, in order. */
function named({ nodes, edges }: Topology): { nodes: string[]; edges: string[] } {
  const name = (id: string): string => nodes.find((node) => node.id === id)!.name;
  return {
    nodes: nodes.map((node) => node.name).sort(),
    edges: edges.map(({ from, to, latencyMs }) => `${[name(from), name(to)].sort().join("-")} ${latencyMs}`).sort(),
  };
}

/** A triangle with a tail, a gateway and two pages. */
async function example(mesh: SimulatedMesh): Promise<MeshNode[]> {
  const a = await mesh.node("a");
  const b = await mesh.node("b", { join: ["a"] });
  const c = await mesh.node("c", { join: ["a", "b"] });
  const gateway = await mesh.node("gateway", { role: "gateway", join: ["c"] });
  const page = await mesh.node("page", { role: "leaf", join: ["gateway"] });
  await mesh.node("other page", { role: "leaf", join: ["gateway"] });
  await mesh.run(5_000);
  return [a, b, c, gateway, page];
}

const NODES = ["a", "b", "c", "gateway"];
const EDGES = ["a-b 2", "a-c 2", "b-c 2", "c-gateway 2"];

describe("topology()", () => {
  it("is the same from every peer, and from a leaf with itself and its edge", async () => {
    const mesh = simulation();
    const nodes = await example(mesh);
    const page = nodes.pop()!;
    for (const node of nodes) expect(named(await node.topology())).toEqual({ nodes: NODES, edges: EDGES });
    expect(named(await page.topology())).toEqual({ nodes: [...NODES, "page"], edges: [...EDGES, "gateway-page 2"] });
  });

  it("of a node alone is that node", async () => {
    const mesh = simulation();
    const a = await mesh.node("a");
    expect(await a.topology()).toEqual({ nodes: [{ id: a.id, name: "a", role: "peer" }], edges: [] });
  });
});

describe("watchTopology()", () => {
  it("gives the topology now and the newest after a change, on a leaf too", async () => {
    const mesh = simulation();
    const [a, , , , page] = (await example(mesh)) as [MeshNode, MeshNode, MeshNode, MeshNode, MeshNode];
    const reader = page.watchTopology()[Symbol.asyncIterator]();
    const read = async () => named((await mesh.until(reader.next())).value!);
    expect(await read()).toEqual({ nodes: [...NODES, "page"], edges: [...EDGES, "gateway-page 2"] });
    const next = read();
    await mesh.until(a.close());
    expect((await next).nodes).toEqual(["b", "c", "gateway", "page"]);
    await mesh.node("a", { join: ["b"] });
    await mesh.node("d", { join: ["b"] });
    await mesh.run(5_000);
    expect((await read()).nodes).toEqual(["a", "b", "c", "d", "gateway", "page"]);
  });

  it("has nothing to say while only the directory changes", async () => {
    const mesh = simulation();
    const [a, b] = (await example(mesh)) as [MeshNode, MeshNode];
    const reader = a.watchTopology()[Symbol.asyncIterator]();
    await mesh.until(reader.next());
    let told = false;
    const next = reader.next().then((result) => {
      told = true;
      return result;
    });
    await mesh.until(b.subscribe("t").ready);
    b.expose("object", {});
    await mesh.run(300_000);
    expect([told, (await a.subscribers("t")).peers.length]).toEqual([false, 1]);
    await mesh.until(b.close());
    expect(named((await mesh.until(next)).value!).nodes).toEqual(["a", "c", "gateway"]);
  });

  it("ends with its loop, its handle or its node", async () => {
    const mesh = simulation();
    const a = await mesh.node("a");
    for await (const { nodes } of a.watchTopology()) {
      expect(nodes.length).toBe(1);
      break;
    }
    const watches = [a.watchTopology(), a.watchTopology()];
    const ends = watches.map(async (watch) => {
      let seen = 0;
      for await (const _ of watch) seen++;
      return seen;
    });
    await mesh.run(1);
    watches[0]!.close();
    expect(await mesh.until(ends[0]!)).toBe(1);
    await mesh.until(a.close());
    expect(await mesh.until(ends[1]!)).toBe(1);
  });
});
