/**
 * What an edge costs, as its owner advertises it: its round trip in coarse steps, changed only when it has really
 * changed, since every change travels through the whole mesh and may move feeds. Pure.
 */

/** Cost of a hop as such, in microseconds: of ways that take equally long the one with fewer hops wins. */
const HOP_MICROS = 250;
/** Shorter round trips cost no less: below, it is the scheduler that is measured. */
const SHORTEST_MS = 1;
/** Longer ones cost no more, so that the cost of a whole way stays exact. */
const LONGEST_MS = 60_000;
/** What is advertised holds while measurements stay within this factor of it. Steps are the root of 2 apart. */
const TOLERANCE = 1.5;
/** So many measurements in a row must lie outside. A step is followed within 3; noise of 30 % is not. */
const OUTSIDE = 3;

/** The advertised cost of one edge, in microseconds. Both ends advertise theirs, and the dearer one counts. */
export class EdgeCost {
  #ms: number;
  #outside = 0;

  /** @param roundTripMs The first measurement, smoothed ones follow; undefined counts as short. */
  constructor(roundTripMs: number | undefined) {
    this.#ms = step(roundTripMs ?? SHORTEST_MS);
  }

  get micros(): number {
    return Math.round(this.#ms * 1000) + HOP_MICROS;
  }

  /** @param roundTripMs The smoothed round trip after one more measurement. @returns Whether the cost has changed. */
  measured(roundTripMs: number): boolean {
    const ratio = bounded(roundTripMs) / this.#ms;
    this.#outside = ratio > TOLERANCE || ratio < 1 / TOLERANCE ? this.#outside + 1 : 0;
    if (this.#outside < OUTSIDE) return false;
    this.#outside = 0;
    this.#ms = step(roundTripMs);
    return true;
  }
}

/** The round trip that an advertised cost stands for, in ms. */
export const roundTripOf = (costMicros: number): number => (costMicros - HOP_MICROS) / 1000;

const bounded = (ms: number): number => Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS);

/** The nearest power of the root of 2. */
const step = (ms: number): number => 2 ** (Math.round(Math.log2(bounded(ms)) * 2) / 2);
