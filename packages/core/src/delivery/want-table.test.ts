import { expect, it } from "vitest";
import { LIMITS } from "../base/limits.ts";
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
