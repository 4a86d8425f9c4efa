/**
 * Large meshes in simulation. CHASKI_PEERS=500 npm run unit -- scale -t peers --project node
 * A leaf takes 5 to 10 ms and 160 kB, so for 20 000:
 * CHASKI_LEAVES=20000 NODE_OPTIONS=--max-old-space-size=8000 npm run unit -- scale -t leaves --project node
 */
import { expect, it, onTestFinished } from "vitest";
import type { MeshNode } from "../node.ts";
import { settle } from "./node-settle.fixture.ts";
import { SimulatedMesh } from "./simulated-mesh.ts";

const PEERS = Number(process.env.CHASKI_PEERS ?? 60);
const DEGREE = 8;
const LEAVES = Number(process.env.CHASKI_LEAVES ?? 500);
const GATEWAYS = 10;
/** Long enough for every record to be refreshed once. */
const STEADY_MS = 130_000;
const TOPICS = 5;

async function simulation(delayMs: number): Promise<SimulatedMesh> {
  const mesh = new SimulatedMesh({ settle, delayMs });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  return mesh;
}

const nodesSeen = async (node: MeshNode): Promise<number> => (await node.topology()).nodes.length;
/** What every node has sent over every edge so far. */
const bytesOut = (nodes: readonly MeshNode[]): number[] =>
  nodes.flatMap((node) => node.status().edges.map((edge) => edge.bytesOut));
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
/** So large that nothing else in the traffic counts. */
const PAYLOAD = new Uint8Array(4_000);

it(`${PEERS} peers of degree ${DEGREE} are one mesh within 3 s of a cut, and quiet afterwards`, {
  timeout: 0,
}, async () => {
  const mesh = await simulation(5);
  const names = Array.from({ length: PEERS }, (_, i) => `n${i}`);
  const links: [string, string][] = [];
  for (const [i, name] of names.entries()) {
    const others = new Set<string>();
    while (others.size < Math.min(i, DEGREE / 2)) others.add(names[Math.floor(mesh.random.float() * i)]!);
    await mesh.node(name, { join: [...others] });
    links.push(...[...others].map((other): [string, string] => [name, other]));
  }
  const nodes = [...mesh.nodes.values()];
  await mesh.run(10_000);
  expect(new Set(await Promise.all(nodes.map(nodesSeen)))).toEqual(new Set([PEERS]));

  // Steady: nothing but pings, answers and refreshed records.
  const quiet = sum(bytesOut(nodes));
  await mesh.run(STEADY_MS);
  const perEdge = (sum(bytesOut(nodes)) - quiet) / (STEADY_MS / 1_000) / links.length;
  expect(perEdge).toBeLessThan(5_000);

  // One subscriber in three.
  const heard = new Map<MeshNode, number>();
  const readers = nodes.filter((_, i) => i % 3 === 0);
  const ready = readers.map((node) => {
    heard.set(node, 0);
    return node.subscribe("count", { echo: false }, () => void heard.set(node, heard.get(node)! + 1)).ready;
  });
  await mesh.until(Promise.all(ready));
  const origin = nodes[1]!;
  void origin.publish("count", "the first declares its flow");
  await mesh.run(500);
  const before = bytesOut(nodes);
  for (let i = 0; i < 100; i++) void origin.publish("count", PAYLOAD);
  await mesh.run(500);
  const sent = bytesOut(nodes).map((bytes, i) => Math.floor((bytes - before[i]!) / PAYLOAD.byteLength));
  const copies = sum(sent) / 100;
  expect([...heard.values()]).toEqual(readers.map(() => 101));
  // In steady state a message crosses an edge at most once.
  expect(Math.max(...sent)).toBeLessThanOrEqual(101);
  expect(copies).toBeGreaterThanOrEqual(readers.length);
  expect(copies).toBeLessThan(PEERS);

  const [one, other] = links[Math.floor(links.length / 2)]!;
  const cutAtMs = mesh.clock.now();
  mesh.network.cut(one, other);
  const sees = async (node: MeshNode): Promise<boolean> => {
    const ids = [one, other].map((name) => mesh.nodes.get(name)!.id);
    const { edges } = await node.topology();
    return edges.some(({ from, to }) => ids.includes(from) && ids.includes(to));
  };
  while (mesh.clock.now() - cutAtMs < 5_000 && (await Promise.all(nodes.map(sees))).includes(true)) await mesh.run(50);
  const convergedMs = mesh.clock.now() - cutAtMs;
  expect(convergedMs).toBeLessThan(3_000);
  console.info(
    `${PEERS} peers, ${links.length} edges: ${perEdge.toFixed(0)} B/s per edge when steady, converged in ${convergedMs} ms, ` +
      `${copies.toFixed(0)} copies per message for ${readers.length} readers (a tree needs at least as many; flooding ` +
      `makes ${2 * links.length - PEERS + 1})`,
  );
});

it(`${LEAVES} leaves on ${GATEWAYS} gateways cost other peers no more than ${GATEWAYS} do`, {
  timeout: 0,
}, async () => {
  /** What a peer beyond the gateways holds of the directory, and hears while leaves come and subscribe. */
  const held = async (leavesPerGateway: number): Promise<{ entries: number; leaves: number; bytes: number }> => {
    await using mesh = new SimulatedMesh({ settle, delayMs: 1 });
    await mesh.node("root");
    const peer = await mesh.node("peer", { join: ["root"] });
    for (let i = 0; i < GATEWAYS; i++) await mesh.node(`g${i}`, { role: "gateway", join: ["root"] });
    await mesh.run(2_000);
    const ready: Promise<void>[] = [];
    for (let i = 0; i < leavesPerGateway * GATEWAYS; i++) {
      const leaf = await mesh.node(`l${i}`, { role: "leaf", join: [`g${i % GATEWAYS}`] });
      for (let topic = 0; topic < TOPICS; topic++) ready.push(leaf.subscribe(`topic/${topic}`).ready);
      if (i % 100 === 99) await mesh.run(10);
    }
    await mesh.until(Promise.all(ready));
    await mesh.run(2_000);
    const { leaves } = await peer.subscribers("topic/0");
    const bytes = peer.status().edges[0]!.bytesIn;
    return { entries: peer.status().directory.entries, leaves, bytes };
  };
  const few = await held(1);
  const many = await held(LEAVES / GATEWAYS);
  expect([few.leaves, many.leaves]).toEqual([GATEWAYS, LEAVES]);
  expect(many.entries).toBe(few.entries);
  console.info(
    `${LEAVES} leaves: ${many.entries} directory entries at another peer, which heard ${many.bytes} bytes in all; ` +
      `${GATEWAYS} leaves: ${few.entries} and ${few.bytes}`,
  );
});
