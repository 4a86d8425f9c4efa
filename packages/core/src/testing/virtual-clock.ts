/** Time that moves only when told to: a binary heap of events, run in order of their instant, then of arming. */
import type { Clock } from "../base/clock.ts";

class Event implements Disposable {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  /** Index in the heap; -1 once run or disarmed. */
  slot: number;
  readonly #disarm: (event: Event) => void;

  constructor(atMs: number, order: number, run: () => void, slot: number, disarm: (event: Event) => void) {
    this.atMs = atMs;
    this.order = order;
    this.run = run;
    this.slot = slot;
    this.#disarm = disarm;
  }

  [Symbol.dispose](): void {
    this.#disarm(this);
  }
}

export interface VirtualClockOptions {
  /** What `now()` gives first. Default 0. */
  readonly startMs?: number;
  /** What `wallNow()` gives first. Default 1_700_000_000_000 (14 November 2023). */
  readonly wallStartMs?: number;
}

/**
 * A `Clock` for tests and simulations. Events run inside `step` and `advance`, one after the other, never
 * inside `setTimer` or `soon`; what an event throws comes out there.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  #wallOffsetMs: number;
  #order = 0;
  readonly #heap: Event[] = [];
  readonly #disarm = (event: Event): void => this.#remove(event);

  constructor(options: VirtualClockOptions = {}) {
    this.#nowMs = options.startMs ?? 0;
    this.#wallOffsetMs = (options.wallStartMs ?? 1_700_000_000_000) - this.#nowMs;
  }

  /** Timers armed and calls due soon: 0 when nothing was left behind. */
  get pending(): number {
    return this.#heap.length;
  }

  /** When the next event is due, on the scale of `now()`; `undefined` when there is none. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wallNow(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  /** Let the wall clock jump, as a corrected or wrong one does; `now()` and the timers do not notice. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  setTimer(delayMs: number, run: () => void): Disposable {
    return this.#arm(delayMs > 0 ? this.#nowMs + delayMs : this.#nowMs, run);
  }

  soon(run: () => void): void {
    this.#arm(this.#nowMs, run);
  }

  /** Move to the next event and run it. @returns Whether there was one. */
  step(): boolean {
    const event = this.#heap[0];
    if (!event) return false;
    this.#remove(event);
    this.#nowMs = event.atMs;
    event.run();
    return true;
  }

  /** Let `ms` pass, running everything due on the way, in one go: no promise continues in between. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= untilMs) this.step();
    this.#nowMs = untilMs;
  }

  /**
   * Let `ms` pass as a real event loop would: after every event, all promises that can continue do.
   * @param settle Resolves when they have. Default: one turn of the real event loop.
   */
  async run(ms: number, settle: () => Promise<void> = turn): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= untilMs) {
      this.step();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #arm(atMs: number, run: () => void): Event {
    const event = new Event(atMs, this.#order++, run, this.#heap.length, this.#disarm);
    this.#heap.push(event);
    this.#rise(event);
    return event;
  }

  #remove(event: Event): void {
    const slot = event.slot;
    if (slot < 0) return;
    event.slot = -1;
    const last = this.#heap.pop()!;
    if (last === event) return;
    last.slot = slot;
    this.#heap[slot] = last;
    this.#rise(last);
    this.#sink(last);
  }

  #rise(event: Event): void {
    const heap = this.#heap;
    let slot = event.slot;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      const above = heap[parent]!;
      if (isBefore(above, event)) break;
      heap[slot] = above;
      above.slot = slot;
      slot = parent;
    }
    heap[slot] = event;
    event.slot = slot;
  }

  #sink(event: Event): void {
    const heap = this.#heap;
    let slot = event.slot;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      const below = heap[child]!;
      if (isBefore(event, below)) break;
      heap[slot] = below;
      below.slot = slot;
      slot = child;
    }
    heap[slot] = event;
    event.slot = slot;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** One turn of the real event loop: by then every promise job has run. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { setImmediate, setTimeout } = globalThis as unknown as {
      readonly setImmediate?: (run: () => void) => void;
      readonly setTimeout: (run: () => void, ms: number) => void;
    };
    if (setImmediate) setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
