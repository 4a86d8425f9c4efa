/** How many seconds a rate looks back. */
const WINDOW_S = 5;

/** Counts events and says how many came per second lately. A fixed few numbers, whatever the rate. */
export class RateMeter {
  readonly #buckets = new Float64Array(WINDOW_S + 1);
  #second: number | undefined;
  #startedAtMs = 0;

  /** @param nowMs Any clock, the same for both methods. */
  count(nowMs: number): void {
    if (this.#second === undefined) this.#startedAtMs = nowMs;
    const bucket = this.#turnTo(nowMs);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  perSecond(nowMs: number): number {
    if (this.#second === undefined) return 0;
    this.#turnTo(nowMs);
    const total = this.#buckets.reduce((sum, count) => sum + count, 0);
    const fullWindowS = WINDOW_S + (nowMs / 1_000 - Math.floor(nowMs / 1_000));
    const elapsedS = (nowMs - this.#startedAtMs) / 1_000;
    return total / Math.max(1, Math.min(fullWindowS, elapsedS));
  }

  /** Clear the buckets of the seconds that passed without an event. @returns the bucket of this second. */
  #turnTo(nowMs: number): number {
    const second = Math.floor(nowMs / 1_000);
    const length = this.#buckets.length;
    const passed = Math.min(length, second - (this.#second ?? second));
    for (let back = 0; back < passed; back++) this.#buckets[(second - back) % length] = 0;
    this.#second = second;
    return second % length;
  }
}
