/** Randomness that replays: one seed, one sequence, on every engine. Never for keys or ids outside tests. */
import type { Random } from "../base/clock.ts";

/** A `Random` from a 32-bit seed (mulberry32). */
export class SeededRandom implements Random {
  /** What it was made from, so that a failing test can print it. */
  readonly seed: number;
  #state: number;

  /** @param seed Any integer; its lowest 32 bits count. */
  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 4) {
      const word = this.#next();
      bytes[at] = word;
      if (at + 1 < count) bytes[at + 1] = word >>> 8;
      if (at + 2 < count) bytes[at + 2] = word >>> 16;
      if (at + 3 < count) bytes[at + 3] = word >>> 24;
    }
    return bytes;
  }

  float(): number {
    return this.#next() / 0x1_0000_0000;
  }

  /** Uniform integer in [0, below). */
  integer(below: number): number {
    return Math.floor(this.float() * below);
  }

  /** A generator of its own, so that what one part draws does not change what another sees. */
  fork(): SeededRandom {
    return new SeededRandom(this.#next());
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = this.#state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  }
}
