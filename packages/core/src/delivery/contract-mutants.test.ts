/**
 * The oracle is worth what it catches: each mutant breaks one rule of feeds, at a class or in the frames it sends, and
 * some life of the mesh must then break the contract. The code under test knows nothing of them.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import { Subscription } from "../streamer/subscription.ts";
import { contractRun } from "../testing/contract-run.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { control } from "../wire/index.ts";
import { Attachments } from "./attachments.ts";
import { CatchUp } from "./catch-up.ts";
import { Children } from "./children.ts";
import { NO_PATTERNS } from "./pattern-set.ts";
import { Upstream } from "./upstream.ts";

afterEach(() => vi.restoreAllMocks());

/** Lives that a mutant may survive. */
const LIVES = 48;
/** Seeds whose lives may last until everybody knows of every crash. */
const CRASHES_KNOWN = 22;

/** The first violation; undefined when the mutant survives. */
async function caught(every: number): Promise<string | undefined> {
  for (let seed = every; seed <= every * LIVES; seed += every) {
    const { violations } = await contractRun(seed, settle);
    if (violations.length > 0) return `seed ${seed}: ${violations[0]}`;
  }
  return undefined;
}

/** Frames of one kind say something else. */
function tamper<T>(frame: { encode(body: T): Uint8Array }, change: (body: T) => T): void {
  const { encode } = frame;
  vi.spyOn(frame, "encode").mockImplementation((body) => encode(change(body)));
}

const MUTANTS: readonly (readonly [what: string, mutate: () => void, seedsEvery?: number])[] = [
  ["positions are not told", () => tamper(control.attach, (body) => ({ ...body, positions: [] }))],
  [
    "positions are one too high",
    () =>
      tamper(control.attach, (body) => ({
        ...body,
        positions: body.positions.map(({ flow, seq }) => ({ flow, seq: seq + 1 })),
      })),
  ],
  [
    "a want that goes on begins anew",
    () =>
      tamper(control.attach, (body) => ({
        ...body,
        wants: body.wants.map(({ pattern }) => ({ pattern, fresh: true })),
      })),
  ],
  ["flows begin one later than they say", () => tamper(control.start, (body) => ({ ...body, base: body.base + 1 }))],
  ["gaps are one too long", () => tamper(control.gap, (body) => ({ ...body, to: body.to + 1 }))],
  ["gaps are one too short", () => tamper(control.gap, (body) => ({ ...body, to: body.to - 1 }))],
  ["skips are told as nothing", () => tamper(control.skip, (body) => ({ ...body, to: 0 }))],
  [
    "flows end as if they had said goodbye",
    () => tamper(control.end, (body) => ({ ...body, reason: "goodbye" as const })),
    CRASHES_KNOWN,
  ],
  ["leaves do not count their gateways", () => tamper(control.flow, (body) => ({ ...body, epoch: 0 }))],
  [
    "nothing is attached to again after a move",
    () =>
      vi.spyOn(Upstream.prototype, "moveTo").mockImplementation(function (this: Upstream, edge) {
        this.edge = edge;
      }),
  ],
  [
    "the old upstream is let go before the new one has answered",
    () => {
      const { moveTo } = Upstream.prototype;
      vi.spyOn(Upstream.prototype, "moveTo").mockImplementation(function (this: Upstream, edge) {
        this.releasePrevious();
        const { all } = this.wants;
        this.wants.want(NO_PATTERNS);
        this.wants.want(all);
        moveTo.call(this, edge);
      });
    },
  ],
  ["holes are not asked for again", () => vi.spyOn(Attachments.prototype, "refetch").mockReturnValue()],
  ["what a relay has forgotten is not asked for", () => vi.spyOn(CatchUp.prototype, "takes").mockReturnValue(false)],
  [
    "a relay does not hear what its upstream has forgotten too",
    () => vi.spyOn(CatchUp.prototype, "onGap").mockReturnValue(),
  ],
  ["new flows are not given to children", () => vi.spyOn(Children.prototype, "offer").mockReturnValue()],
  ["moved flows are not told to children", () => vi.spyOn(Children.prototype, "onRehomed").mockReturnValue()],
  ["a subscription hears of no gap", () => vi.spyOn(Subscription.prototype, "onGap").mockReturnValue()],
  ["a subscription hears of no skip", () => vi.spyOn(Subscription.prototype, "onSkip").mockReturnValue()],
];

describe("the oracle catches that", () => {
  for (const [what, mutate, seedsEvery = 1] of MUTANTS)
    it(what, { timeout: 0 }, async () => {
      mutate();
      expect(await caught(seedsEvery)).toBeTypeOf("string");
    });
});
