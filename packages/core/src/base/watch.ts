/** Watching a value that changes: a reader gets what it is now, and later what it has come to; nothing waits in between. */
import type { Handle } from "./handle.ts";
import { dispose } from "./platform.ts";

/**
 * A value that changes, as one loop reads it: first what it is now, then the newest after each change. A slow reader
 * misses what lay in between. Leaving the loop closes it; a second loop throws TypeError.
 */
export interface Watch<T> extends AsyncIterable<T, undefined>, Handle {}

/** What a watch looks at. */
export interface WatchSource<T> {
  /** The value now, asked for only when a reader takes it; undefined while there is none yet. */
  read(): T | undefined;
  /** Whether a reader who has the one need not be told of the other. */
  same(one: T, other: T): boolean;
  onClose?(): void;
}

export class Watcher<T> implements Watch<T> {
  readonly #source: WatchSource<T>;
  #changed = true;
  #given: T | undefined;
  #iterated = false;
  #closed = false;
  /** What a reader without a value waits for. */
  #arrival: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(source: WatchSource<T>) {
    this.#source = source;
  }

  /** The value may be another one now. */
  changed(): void {
    this.#changed = true;
    this.#arrived();
  }

  /** Give nothing more; the loop ends. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#source.onClose?.();
    this.#arrived();
  }

  [dispose](): void {
    this.close();
  }

  /** @throws {TypeError} for a second reader. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    if (this.#iterated) throw new TypeError("this is watched by a loop already; ask once more for a second");
    this.#iterated = true;
    return {
      next: () => this.#next(),
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      if (this.#closed) return { done: true, value: undefined };
      const value = this.#take();
      if (value !== undefined) return { done: false, value };
      if (!this.#arrival) {
        let resolve!: () => void;
        const promise = new Promise<void>((settle) => {
          resolve = settle;
        });
        this.#arrival = { promise, resolve };
      }
      await this.#arrival.promise;
    }
  }

  /** What the reader does not have yet. */
  #take(): T | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    const value = this.#source.read();
    if (value === undefined || (this.#given !== undefined && this.#source.same(this.#given, value))) return undefined;
    this.#given = value;
    return value;
  }

  #arrived(): void {
    this.#arrival?.resolve();
    this.#arrival = undefined;
  }
}

/** The open watches of something that changes as a whole. */
export class Watches<T> {
  readonly #source: Omit<WatchSource<T>, "onClose">;
  readonly #open = new Set<Watcher<T>>();

  constructor(source: Omit<WatchSource<T>, "onClose">) {
    this.#source = source;
  }

  open(): Watch<T> {
    const watcher = new Watcher<T>({ ...this.#source, onClose: () => void this.#open.delete(watcher) });
    this.#open.add(watcher);
    return watcher;
  }

  changed(): void {
    for (const watcher of this.#open) watcher.changed();
  }

  close(): void {
    for (const watcher of [...this.#open]) watcher.close();
  }
}

/** Whether two plain values say the same. */
export const samePlain = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
