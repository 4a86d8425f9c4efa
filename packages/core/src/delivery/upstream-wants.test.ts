import { expect, it } from "vitest";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { has, NO_PATTERNS, PatternNumbers, union, without } from "./pattern-set.ts";
import { UpstreamWants } from "./upstream-wants.ts";

const patterns = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `p/${from + i}`);

it("origins of whom the same is wanted share it, from the asking to the answer", () => {
  const numbers = new PatternNumbers();
  const demanded = numbers.all(patterns(4_000));
  const origins = Array.from({ length: 100 }, () => new UpstreamWants(numbers));
  const sets = (): number => new Set(origins.flatMap(({ all, confirmed, unsent }) => [all, confirmed, unsent])).size;
  for (const wants of origins) wants.want(demanded);
  expect(sets()).toBe(2);
  for (const wants of origins) wants.onSent(0);
  expect(sets()).toBe(2);
  // Each in two answers of its own.
  for (const from of [0, 2_000])
    for (const wants of origins) wants.confirm(wants.onAttached(numbers.known(patterns(2_000, from))));
  expect([sets(), origins.every(({ allAttached }) => allAttached)]).toEqual([2, true]);
  for (const wants of origins) wants.onMoved();
  expect([sets(), origins[0]!.allAttached, origins[0]!.isConfirmed("p/3999")]).toEqual([1, false, true]);
});

it("an answer counts for what was asked for at the present edge, once", () => {
  const numbers = new PatternNumbers();
  const wants = new UpstreamWants(numbers);
  wants.want(numbers.all(["a", "b"]));
  const answer = (): readonly string[] => numbers.patterns(wants.onAttached(numbers.known(["b", "c"])));
  expect(answer()).toEqual([]);
  wants.onSent(0);
  expect([answer(), answer()]).toEqual([["b"], []]);
  wants.onMoved();
  expect([answer(), wants.isAttached("b")]).toEqual([[], false]);
});

it("what is claimed is asked for again, as going on", () => {
  const numbers = new PatternNumbers();
  const wants = new UpstreamWants(numbers);
  wants.want(numbers.all(["a", "b"]));
  wants.onSent(0);
  wants.claim(numbers.all(["a"]));
  expect(numbers.patterns(wants.unsent)).toEqual(["a"]);
  expect([wants.isConfirmed("a"), wants.isConfirmed("b"), wants.owes("a"), wants.owes("b")]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

it("what is kept without being wanted just now goes on where it stood when it is wanted again, and nothing else does", () => {
  const numbers = new PatternNumbers();
  const wants = new UpstreamWants(numbers);
  const [both, first, none] = [numbers.all(["a", "b"]), numbers.all(["a"]), NO_PATTERNS];
  wants.want(both);
  wants.onSent(0);
  wants.confirm(wants.onAttached(both));
  wants.want(none, first);
  expect([wants.wanted, numbers.patterns(wants.all)]).toEqual([none, ["a"]]);
  wants.want(both);
  expect([numbers.patterns(wants.unsent), wants.isConfirmed("a"), wants.isConfirmed("b")]).toEqual([
    ["a", "b"],
    true,
    false,
  ]);
});

it("an answer is waited for from the first asking on, also after a move", () => {
  const numbers = new PatternNumbers();
  const wants = new UpstreamWants(numbers);
  wants.want(numbers.all(["a"]));
  expect([wants.waitMs("a", 100), wants.waitMs("else", 100)]).toEqual([Number.POSITIVE_INFINITY, 0]);
  wants.onSent(100);
  wants.want(numbers.all(["a", "b"]));
  wants.onMoved();
  wants.onSent(3_100);
  expect([wants.waitMs("a", 3_100), wants.waitMs("b", 3_100)]).toEqual([2_000, 5_000]);
  wants.want(numbers.all(["b"]));
  wants.want(numbers.all(["a", "b"]));
  wants.onSent(9_000);
  expect([wants.waitMs("a", 9_000), wants.waitMs("b", 9_000)]).toEqual([5_000, 0]);
});

it("numbers of patterns that nobody keeps are given again", () => {
  const numbers = new PatternNumbers();
  const kept = numbers.all(patterns(100).filter((_, i) => i % 3 === 0));
  const others = numbers.all(patterns(100, 1_000));
  numbers.keep(kept);
  expect(numbers.size).toBe(34);
  const next = numbers.all(patterns(66, 2_000));
  expect([without(next, kept), numbers.known(patterns(100, 1_000))]).toEqual([next, NO_PATTERNS]);
  expect(new Set(numbers.patterns(union(next, kept))).size).toBe(100);
  expect(union(next, kept).length).toBeLessThanOrEqual(others.length);
  expect(has(next, numbers.numberOf("p/2065")!)).toBe(true);
});

it("patterns that come and go, and whose numbers are given to others, are heard for themselves", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const gateway = await mesh.node("gateway", { role: "gateway" });
  const leaf = await mesh.node("leaf", { role: "leaf", join: ["gateway"] });
  await mesh.run(1_000);
  const heard: unknown[] = [];
  for (let round = 0; round < 4; round++) {
    const all = patterns(400, round * 10_000).map((pattern) =>
      leaf.subscribe(pattern, {}, ({ topic }) => void heard.push(topic)),
    );
    await mesh.until(Promise.all(all.map(({ ready }) => ready)));
    for (let of = 0; of < 4; of++) void gateway.publish(`p/${of * 10_000 + 399}`, of);
    await mesh.run(100);
    for (const each of all) each.close();
    await mesh.run(100);
  }
  expect(heard).toEqual(Array.from({ length: 4 }, (_, round) => `p/${round * 10_000 + 399}`));
});
