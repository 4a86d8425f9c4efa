/** What is on its way, and one timer for whatever arrives next: a direction of an in-memory link, or a delay. */
import type { Clock } from "../base/clock.ts";
import { dispose } from "../base/platform.ts";

interface Flight<Item> {
  readonly atMs: number;
  readonly item: Item;
  /** Whether nothing may overtake it. */
  readonly ordered: boolean;
}

export interface DelayLineOptions<Item> {
  readonly clock: Clock;
  /** How long the next item takes, in ms. */
  readonly delayMs: () => number;
  readonly arrive: (item: Item) => void;
}

export class DelayLine<Item> {
  readonly #options: DelayLineOptions<Item>;
  #flights: Flight<Item>[] = [];
  /** Index of the next flight; what is before it has landed. */
  #next = 0;
  #lastMs = 0;
  #timer: Disposable | undefined;
  /** What the timer, or the call due soon, is armed for. */
  #armedMs: number | undefined;

  constructor(options: DelayLineOptions<Item>) {
    this.#options = options;
  }

  /** Items that have not arrived. */
  get length(): number {
    return this.#flights.length - this.#next;
  }

  /** @param ordered Whether it arrives after all that was sent before it. Otherwise its own delay alone decides. */
  send(item: Item, ordered: boolean): void {
    const flights = this.#flights;
    const dueMs = this.#options.clock.now() + Math.max(0, this.#options.delayMs());
    if (ordered || dueMs >= this.#lastMs) {
      this.#lastMs = Math.max(this.#lastMs, dueMs);
      flights.push({ atMs: this.#lastMs, item, ordered });
    } else {
      let at = flights.length;
      while (at > this.#next && flights[at - 1]!.atMs > dueMs && !flights[at - 1]!.ordered) at--;
      const before = at > this.#next ? flights[at - 1]!.atMs : dueMs;
      flights.splice(at, 0, { atMs: Math.max(before, dueMs), item, ordered });
    }
    this.#arm();
  }

  /** Forget everything on its way. */
  clear(): void {
    this.#flights = [];
    this.#next = 0;
    this.#timer?.[dispose]();
    this.#timer = undefined;
    this.#armedMs = undefined;
  }

  #arm(): void {
    const flight = this.#flights[this.#next];
    if (!flight || (this.#armedMs !== undefined && this.#armedMs <= flight.atMs)) return;
    this.#timer?.[dispose]();
    this.#timer = undefined;
    const { clock } = this.#options;
    const { atMs } = flight;
    this.#armedMs = atMs;
    const waitMs = atMs - clock.now();
    if (waitMs > 0) this.#timer = clock.setTimer(waitMs, () => this.#land(atMs));
    else clock.soon(() => this.#land(atMs));
  }

  /** @param armedMs Which arming calls: a call due soon cannot be disarmed, only recognised as stale. */
  #land(armedMs: number): void {
    if (this.#armedMs !== armedMs) return;
    this.#timer = undefined;
    const nowMs = Math.max(armedMs, this.#options.clock.now());
    // Whoever is called here may send or clear: the queue is read afresh every time.
    while (this.#next < this.#flights.length && this.#flights[this.#next]!.atMs <= nowMs) {
      const { item } = this.#flights[this.#next++]!;
      this.#options.arrive(item);
    }
    // Landed flights go in one sweep once they are the larger half, so that a queue that never empties stays short.
    if (this.#next * 2 >= this.#flights.length) {
      this.#flights.splice(0, this.#next);
      this.#next = 0;
    }
    this.#armedMs = undefined;
    this.#arm();
  }
}
