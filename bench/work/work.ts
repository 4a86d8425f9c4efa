/** What one process is measured at, alone. */

/** Does it once. @returns A number that depends on all of it. */
export type Operation = () => number;

/** Makes what an operation of this size needs: peers, patterns or neighbours, see `plan.ts`. */
export type Work = (size: number) => Operation;

/** Numbers from 0 up to 1 that look random and are the same in every run (mulberry32). */
export function sameNumbers(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
