/** A typed event emitter. Listeners get plain values, in order of registration. */
import { checkOptions, checkSignal, show } from "./check-options.ts";
import { type Handle, handle } from "./handle.ts";
import type { AbortSignalLike } from "./platform.ts";

export interface ListenerOptions {
  /** Ends the registration when it fires. */
  readonly signal?: AbortSignalLike;
}

export class Emitter<Events extends object> {
  /** With what ends each. */
  readonly #listeners = new Map<keyof Events, Map<(value: never) => void, () => void>>();
  readonly #names: readonly (keyof Events)[];
  readonly #onThrow: (error: unknown) => void;
  /** What listeners throw is being reported. */
  #reporting = false;

  /**
   * @param names Every event there is.
   * @param onThrow Hears what a listener threw, after the others have run.
   */
  constructor(names: readonly (keyof Events)[], onThrow: (error: unknown) => void) {
    this.#names = names;
    this.#onThrow = onThrow;
  }

  on<Name extends keyof Events>(
    name: Name,
    listener: (value: Events[Name]) => void,
    options: ListenerOptions = {},
  ): Handle {
    if (!this.#names.includes(name)) {
      throw new TypeError(`there is no event ${show(name)}; there are ${this.#names.join(", ")}`);
    }
    if (typeof listener !== "function")
      throw new TypeError(`on("${String(name)}") needs a function as listener, got ${show(listener)}`);
    checkOptions("on", options, ["signal"]);
    checkSignal(options.signal);
    // One wrapper a registration, so that the same function registered twice is two registrations.
    const entry = (value: never): void => listener(value);
    const entries = this.#listeners.get(name) ?? new Map();
    this.#listeners.set(name, entries);
    const off = (): void => {
      entries.delete(entry);
      options.signal?.removeEventListener("abort", off);
    };
    if (options.signal?.aborted) return handle(off);
    entries.set(entry, off);
    options.signal?.addEventListener("abort", off, { once: true });
    return handle(off);
  }

  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    const entries = this.#listeners.get(name);
    if (!entries) return;
    const thrown: unknown[] = [];
    for (const listener of [...entries.keys()] as ((value: Events[Name]) => void)[]) {
      if (!entries.has(listener)) continue; // ended by a listener before it
      try {
        listener(value);
      } catch (error) {
        thrown.push(error);
      }
    }
    // A listener of the report itself that throws is not reported to itself again, for ever.
    if (thrown.length === 0 || this.#reporting) return;
    this.#reporting = true;
    try {
      for (const error of thrown) this.#onThrow(error);
    } finally {
      this.#reporting = false;
    }
  }

  /** End every registration; their signals, which may live on, hold on to nothing of them. */
  clear(): void {
    for (const entries of this.#listeners.values()) for (const off of [...entries.values()]) off();
  }
}
