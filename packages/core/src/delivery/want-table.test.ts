import { expect, it } from "vitest";
import { LIMITS } from "../base/limits.ts";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { control } from "../wire/index.ts";
import { rawLeaf } from "./raw-leaf.fixture.ts";
import { WantTable } from "./want-table.ts";

const origins = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `origin ${from + i}`);
const fresh = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ pattern: `p/${from + i}`, fresh: true }));
const patternsOf = (table: WantTable, origin: string): string[] => [...table.of(origin).keys()].sort();

it("900 origins and 1 000 patterns of one frame are 1 900 entries", () => {
  const table = new WantTable();
  table.add(origins(900), fresh(1_000));
  expect(table.size).toBe(1_900);
  expect(table.of("origin 899").size).toBe(1_000);
});

it("what is added to all origins is added once, and origins that come to want the same share it", () => {
  const table = new WantTable();
  for (const origin of origins(100)) table.add([origin], fresh(50));
  table.add(origins(100), fresh(1, 50));
  expect(table.size).toBe(151);
});

it("wants of one origin are changed without those of others", () => {
  const table = new WantTable();
  table.add(["a", "b", "c"], fresh(2));
  table.add(["b"], [{ pattern: "q", fresh: false }]);
  table.delete(["c", "nobody"], ["p/0", "never"]);
  expect(["a", "b", "c", "nobody"].map((origin) => patternsOf(table, origin))).toEqual([
    ["p/0", "p/1"],
    ["p/0", "p/1", "q"],
    ["p/1"],
    [],
  ]);
  expect([table.of("b").get("q"), table.of("b").get("p/0")]).toEqual([false, true]);
});

it("an origin of whom nothing is wanted any more costs nothing", () => {
  const table = new WantTable();
  table.add(origins(10), fresh(3));
  table.delete(origins(10), ["p/0", "p/1", "p/2"]);
  expect([table.size, [...table.origins]]).toEqual([0, []]);
});

it("a named origin counts once", () => {
  const table = new WantTable();
  table.add(["a", "a"], fresh(1));
  table.delete(["a"], ["p/0"]);
  expect(table.size).toBe(0);
});

it("what it takes is its patterns, and a set of bits for each list that differs", () => {
  const table = new WantTable();
  table.add(origins(500), fresh(4_000));
  const patternBytes = fresh(4_000).reduce((sum, { pattern }) => sum + pattern.length + 64, 0);
  expect(table.byteLength(1_000)).toBe(patternBytes + 1_000);
  table.add(["origin 0", "origin 1"], [{ pattern: "q", fresh: true }]);
  expect(table.byteLength(1_000)).toBe(2 * patternBytes + 65 + 2 * 1_000);
  table.delete(["origin 0"], ["q"]);
  table.delete(["origin 1"], []);
  table.add(["origin 0"], fresh(1));
  table.add(origins(500), [{ pattern: "q", fresh: true }]);
  table.delete(origins(500), ["q"]);
  table.delete(origins(500), []);
  expect(table.byteLength(1_000)).toBe(0);
});

it.each([
  ["origins", () => new WantTable().add(origins(LIMITS.edgeOrigins + 1), fresh(1)), "edgeOrigins is 20000"],
  ["patterns", () => new WantTable().add(["a"], fresh(LIMITS.edgePatterns + 1)), "edgePatterns is 250000"],
  [
    "lists that differ a little",
    () => {
      const table = new WantTable();
      table.add(origins(1_000), fresh(1_000));
      for (const [i, origin] of origins(1_000).entries()) table.add([origin], fresh(1, 1_000 + i));
    },
    "edgePatterns is 250000",
  ],
])("too many %s are refused, and the limit is named", (_what, add, limit) => {
  expect(add).toThrow(limit);
});

/** A frame that wants these patterns of one origin. */
const attach = (origin: number, patterns: readonly string[]): Uint8Array =>
  control.attach.encode({
    origins: [{ id: origin.toString(16).padStart(32, "0"), incarnation: 1 }],
    wants: patterns.map((pattern) => ({ pattern, fresh: true })),
    positions: [],
  });
/** Names of neighbours whose edges end from now on. */
function edgesLost(node: MeshNode): string[] {
  const names: string[] = [];
  node.on("edgeclose", ({ edge }) => void names.push(edge.peer.name));
  return names;
}

const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `t/${from + i}`);

it("a neighbour whose wants differ from origin to origin loses its edge when their bits take too much, and nobody else does", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const node = await mesh.node("node");
  const reader = await mesh.node("reader", { join: ["node"] });
  const greedy = rawLeaf(mesh, "greedy", "node", "peer");
  await mesh.run(1_000);
  const errors: unknown[] = [];
  const lost = edgesLost(node);
  node.on("error", (error) => void errors.push(error));
  for (let i = 0; i < 9_000; i++) greedy.send(attach(i, numbered(25, 25 * i)));
  await mesh.run(1_000);
  expect(errors).toMatchObject([
    { code: "too-large", message: expect.stringContaining("LIMITS.edgeWantsBytes is 67108864") },
  ]);
  expect(lost).toEqual(["greedy"]);
  const heard: unknown[] = [];
  await mesh.until(reader.subscribe("t/1", {}, ({ data }) => void heard.push(data)).ready);
  await node.publish("t/1", "still here");
  await mesh.run(100);
  expect(heard).toEqual(["still here"]);
  await mesh.until(greedy.close());
});

it("a neighbour that attaches to too many origins loses its edge, and the reason names the limit", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const node = await mesh.node("node");
  const greedy = rawLeaf(mesh, "greedy", "node", "peer");
  await mesh.run(1_000);
  const errors: unknown[] = [];
  node.on("error", (error) => void errors.push(error));
  const origins = Array.from({ length: LIMITS.edgeOrigins + 1 }, (_, i) => ({
    id: i.toString(16).padStart(32, "0"),
    incarnation: 1,
  }));
  greedy.send(control.attach.encode({ origins, wants: [{ pattern: "t", fresh: true }], positions: [] }));
  await mesh.run(100);
  expect(errors).toMatchObject([
    { code: "too-large", message: expect.stringContaining("LIMITS.edgeOrigins is 20000") },
  ]);
  await mesh.until(greedy.close());
});
