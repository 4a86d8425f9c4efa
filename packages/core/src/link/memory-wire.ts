/** One direction of an in-memory link: what is on its way, and one timer for whatever arrives next. */
import type { Clock } from "../base/clock.ts";

/** What travels: a packet, the agreed end (everything before it has arrived), or the news of an abort. */
export type Item = Uint8Array | "up" | "end" | "reset";

interface Flight {
  readonly atMs: number;
  readonly item: Item;
}

export class MemoryWire {
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  readonly #ordered: boolean;
  readonly #arrive: (item: Item) => void;
  #flights: Flight[] = [];
  /** Index of the next flight; what is before it has landed. */
  #next = 0;
  #lastMs = 0;
  #timer: Disposable | undefined;
  /** When the timer fires, or the call due soon comes; undefined when neither is armed. */
  #armedMs: number | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly delayMs: () => number;
    readonly ordered: boolean;
    readonly arrive: (item: Item) => void;
  }) {
    this.#clock = options.clock;
    this.#delayMs = options.delayMs;
    this.#ordered = options.ordered;
    this.#arrive = options.arrive;
  }

  send(item: Item): void {
    const dueMs = this.#clock.now() + Math.max(0, this.#delayMs());
    const flights = this.#flights;
    if (typeof item === "string" || this.#ordered) {
      this.#lastMs = Math.max(this.#lastMs, dueMs);
      flights.push({ atMs: this.#lastMs, item });
    } else {
      this.#lastMs = Math.max(this.#lastMs, dueMs);
      let at = flights.length;
      while (at > this.#next && flights[at - 1]!.atMs > dueMs && flights[at - 1]!.item !== "up") at--;
      flights.splice(at, 0, { atMs: dueMs, item });
    }
    this.#arm();
  }

  /** Forget everything on its way. */
  clear(): void {
    this.#flights = [];
    this.#next = 0;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#armedMs = undefined;
  }

  #arm(): void {
    const flight = this.#flights[this.#next];
    if (!flight || (this.#armedMs !== undefined && this.#armedMs <= flight.atMs)) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const atMs = flight.atMs;
    this.#armedMs = atMs;
    const wait = atMs - this.#clock.now();
    if (wait > 0) this.#timer = this.#clock.setTimer(wait, () => this.#land(atMs));
    else this.#clock.soon(() => this.#land(atMs));
  }

  /** @param dueMs Which arming calls: a call due soon cannot be disarmed, only recognised as stale. */
  #land(dueMs: number): void {
    if (this.#armedMs !== dueMs) return;
    this.#timer = undefined;
    // Whoever is called below may send or clear: the queue is read afresh every time.
    const nowMs = Math.max(dueMs, this.#clock.now());
    while (this.#next < this.#flights.length && this.#flights[this.#next]!.atMs <= nowMs) {
      const { item } = this.#flights[this.#next++]!;
      this.#arrive(item);
    }
    if (this.#next === this.#flights.length) {
      this.#flights = [];
      this.#next = 0;
    }
    this.#armedMs = undefined;
    this.#arm();
  }
}
