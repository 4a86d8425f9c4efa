/**
 * What one neighbour's wants make a node hold: the same of all origins costs next to nothing, what differs has a limit. It is
 * scaled down from 64 MiB to 4.
 */
import { expect, it, onTestFinished, vi } from "vitest";
import type { Edge } from "../edge/index.ts";
import { loneFeeds } from "../testing/lone-feeds.fixture.ts";
import { control, FrameType } from "../wire/index.ts";

const MiB = 1024 * 1024;

vi.mock("../base/limits.ts", async (original) => {
  const limits = await original<typeof import("../base/limits.ts")>();
  return { ...limits, LIMITS: { ...limits.LIMITS, edgeWantsBytes: 4 * 1024 * 1024 } };
});

const origins = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ id: i.toString(16).padStart(32, "0"), incarnation: 1 }));
const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `t/${from + i}`);

/** A node with neighbours that attach to origins behind another one. */
function between() {
  let known = origins(0);
  const edge = (name: string) => ({
    id: name,
    ...{ role: "peer", open: true, peer: { name }, source: undefined },
    send: () => {},
    wake: () => {},
    fail: ({ message }: Error) => void failed.push(`${name}: ${message}`),
  });
  const failed: string[] = [];
  const onward = edge("onward") as unknown as Edge;
  const { feeds, turn } = loneFeeds({ origins: () => known, incarnationOf: () => 1, nextHop: () => onward });
  onTestFinished(() => feeds.close());
  return {
    failed,
    /** @returns What the node says against it. */
    neighbour: (name: string) => {
      const it = edge(name) as unknown as Edge;
      return (some: ReturnType<typeof origins>, patterns: readonly string[]): string | undefined => {
        const wants = patterns.map((pattern) => ({ pattern, fresh: true }));
        const frame = control.attach.encode({ origins: some, wants, positions: [] });
        let error: Error | undefined;
        turn.run(() => {
          try {
            feeds.onFrame(it, FrameType.attach, frame);
          } catch (thrown) {
            error = thrown as Error;
            feeds.onEdgeClosed(it);
          }
        });
        return error?.message;
      };
    },
    know: (some: ReturnType<typeof origins>) => {
      known = some;
      turn.run(() => feeds.onMeshChange(new Set(some.map(({ id }) => id))));
    },
  };
}

/** Bytes of all that is not in the heap, which is where bits are. */
const bitsHeld = (): number => process.memoryUsage().arrayBuffers;

it("2 000 origins of which 25 patterns each are wanted, no two alike, are refused before their bits take much more", () => {
  const { know, neighbour, failed } = between();
  know(origins(2_000));
  const greedy = neighbour("greedy");
  const before = bitsHeld();
  const refusals = origins(2_000).map((origin, i) => greedy([origin], numbered(25, 25 * i)));
  expect(refusals.find((each) => each)).toMatch(/^\[too-large\] \d+ bytes .*LIMITS.edgeWantsBytes is 4194304$/);
  expect(bitsHeld() - before).toBeLessThan(2 * 4 * MiB);
  expect(failed).toEqual([]);
});

it("500 origins and 4 000 patterns, all shared, take next to nothing, however they are asked for", () => {
  const { know, neighbour } = between();
  know(origins(500));
  const [one, other] = [neighbour("one"), neighbour("other")];
  for (const from of [0, 1_000, 2_000, 3_000]) expect(one(origins(500), numbered(1_000, from))).toBe(undefined);
  const before = bitsHeld();
  for (const origin of origins(500)) expect(other([origin], numbered(100, 3_950))).toBe(undefined);
  expect(bitsHeld() - before).toBeLessThan(2 * MiB);
});

it("whoever has thousands of lists that differ pays for the patterns that others bring, and nobody else does", () => {
  const { neighbour, failed } = between();
  const [greedy, wide] = [neighbour("greedy"), neighbour("wide")];
  for (const [i, origin] of origins(2_000).entries()) expect(greedy([origin], numbered(1, i))).toBe(undefined);
  for (let i = 0; i < 3; i++) expect(wide(origins(1), numbered(10_000, 10_000 + 10_000 * i))).toBe(undefined);
  expect(failed[0]).toMatch(/^greedy: .*LIMITS.edgeWantsBytes is 4194304$/);
  expect(failed.filter((each) => !each.startsWith("greedy"))).toEqual([]);
});

it("patterns asked of origins that are not known yet are paid for when they are", () => {
  const { know, neighbour, failed } = between();
  const [wide, greedy] = [neighbour("wide"), neighbour("greedy")];
  for (let i = 0; i < 3; i++) expect(wide(origins(1), numbered(10_000, 10_000 + 10_000 * i))).toBe(undefined);
  for (const [i, origin] of origins(2_000).entries()) expect(greedy([origin], numbered(1, i))).toBe(undefined);
  expect(failed).toEqual([]);
  know(origins(2_000));
  expect(failed).toEqual([expect.stringMatching(/^greedy: .*LIMITS.edgeWantsBytes is 4194304$/)]);
});
