/**
 * Where batches end. While one input (a packet, a call of the user) is worked on, readers and edges only
 * say that they have something to do; when the input is done, readers run first and edges write after them,
 * so that what a handler answers leaves in the same write.
 */
import type { Clock } from "./clock.ts";

/** So many times in a row nobody writes at once after something was gathered; then it is tried again. */
const PATIENCE = 32;

export interface Flushable {
  /** Do what was waiting. Called once for each time it was queued. What it throws is reported when all others are done. */
  flush(): void;
}

export class Turn {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  #readers: Flushable[] = [];
  #writers: Flushable[] = [];
  #depth = 0;
  #armed = false;
  /** How many more times the first of several writers waits for the others. */
  #patience = 0;
  #count = 0;

  /**
   * @param onError Hears what a reader or writer threw, since whoever's input ended the turn has nothing to do with it.
   *   By default it is thrown all the same.
   */
  constructor(clock: Clock, onError: (error: unknown) => void = rethrow) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Turns that have ended: what has the same number happened at the same time, as far as the mesh can tell. */
  get count(): number {
    return this.#count;
  }

  /** Work on one input; flush when it is done, also when it throws. */
  run(work: () => void): void {
    this.#depth++;
    try {
      work();
    } finally {
      this.#depth--;
      if (this.#depth === 0) this.#flush();
    }
  }

  /** Queue a reader. The caller remembers that it is queued; queueing twice flushes twice. */
  read(reader: Flushable): void {
    this.#readers.push(reader);
    if (this.#depth === 0) this.#arm();
  }

  /**
   * Queue a writer, as above. Outside of an input the first one writes at once, for the sake of round trips, and what
   * comes after it before the clock's `soon` is gathered. When something was, as in a stream of messages, the first waits
   * for the others the next times: a write costs more than what is written.
   */
  write(writer: Flushable): void {
    this.#writers.push(writer);
    if (this.#depth > 0) return;
    const first = !this.#armed;
    this.#arm();
    if (first && this.#patience === 0) this.#flushNow();
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#clock.soon(() => {
      this.#armed = false;
      if (this.#patience > 0) this.#patience--;
      else if (this.#writers.length > 0) this.#patience = PATIENCE;
      this.#flush();
    });
  }

  #flush(): void {
    this.#count++;
    const failures: unknown[] = [];
    this.#depth++;
    const readers = this.#readers;
    this.#readers = [];
    flushAll(readers, failures);
    this.#flushWriters(failures);
    this.#depth--;
    // What readers queued for themselves waits for the next turn: a handler that feeds itself starves nobody.
    if (this.#readers.length > 0 || this.#writers.length > 0) this.#arm();
    this.#report(failures);
  }

  #flushNow(): void {
    const failures: unknown[] = [];
    this.#depth++;
    this.#flushWriters(failures);
    this.#depth--;
    this.#report(failures);
  }

  #report(failures: readonly unknown[]): void {
    for (const error of failures) this.#onError(error);
  }

  #flushWriters(failures: unknown[]): void {
    const writers = this.#writers;
    this.#writers = [];
    flushAll(writers, failures);
  }
}

function rethrow(error: unknown): never {
  throw error;
}

/** One that throws must not keep the others from their turn. */
function flushAll(queue: readonly Flushable[], failures: unknown[]): void {
  for (const flushable of queue) {
    try {
      flushable.flush();
    } catch (error) {
      failures.push(error);
    }
  }
}
