/** What the oracle of pipe lives is worth: each mutant breaks one rule of pipes, and some life must then show it. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { settle } from "../../testing/node-settle.fixture.ts";
import { pipeRun } from "../../testing/pipe-run.ts";
import { InPipe } from "./in-pipe.ts";
import { OutPipe } from "./out-pipe.ts";

afterEach(() => vi.restoreAllMocks());

/** Lives that a mutant may survive. */
const LIVES = 40;

const MUTANTS: readonly (readonly [what: string, mutate: () => void])[] = [
  [
    "what was lost is not sent again",
    () => {
      vi.spyOn(OutPipe.prototype, "again").mockImplementation(() => {});
      vi.spyOn(OutPipe.prototype, "missing").mockImplementation(() => {});
      vi.spyOn(OutPipe.prototype, "tick").mockImplementation(function (this: OutPipe, nowMs) {
        this.dueMs = nowMs + 1_000;
        return true;
      });
    },
  ],
  [
    "one more than has come is acknowledged",
    () => {
      const { acknowledged } = OutPipe.prototype;
      vi.spyOn(OutPipe.prototype, "acknowledged").mockImplementation(function (this: OutPipe, number, nowMs) {
        return acknowledged.call(this, Math.min(number + 1, this.fresh - 1), nowMs);
      });
    },
  ],
  [
    "what comes again is taken again",
    () => {
      const { offer } = InPipe.prototype;
      vi.spyOn(InPipe.prototype, "offer").mockImplementation(function (this: InPipe, head, bytes, nowMs) {
        const verdict = offer.call(this, head, bytes, nowMs);
        return verdict === "again" ? "take" : verdict;
      });
    },
  ],
];

describe("the oracle of pipes notices when", () => {
  it.each(MUTANTS)("%s", { timeout: 0 }, async (_what, mutate) => {
    mutate();
    let caught: string | undefined;
    for (let seed = 1; seed <= LIVES && !caught; seed++) caught = (await pipeRun(seed, settle)).violations[0];
    expect(caught).toBeDefined();
  });
});
