/** Promises that wait for a condition, asked again whenever something changed. */
import { checkRange, checkSignal } from "./check-options.ts";
import type { Clock } from "./clock.ts";
import { setDeadline } from "./deadline.ts";
import { MeshError } from "./errors.ts";
import { type AbortSignalLike, dispose } from "./platform.ts";

export interface WaitOptions {
  /** In ms. Default: for ever. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignalLike;
}

export class Waiters {
  readonly #clock: Clock;
  readonly #checks = new Set<() => void>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something changed: ask every condition again. */
  check(): void {
    for (const check of [...this.#checks]) check();
  }

  /** Whoever still waits is rejected. */
  close(): void {
    this.#closed = true;
    this.check();
  }

  /**
   * Resolves when `condition` holds, asked now and at every change; rejects with what it throws.
   * @param what Says how things stand, for the message of a time-out.
   * @throws {MeshError} `timed-out`, `closed`; or the signal's reason.
   */
  until(condition: () => boolean, options: WaitOptions, what: () => string): Promise<void> {
    const { timeoutMs, signal } = options;
    if (timeoutMs !== undefined) checkRange("timeoutMs", timeoutMs, 0, 2 ** 31 - 1);
    checkSignal(signal);
    return new Promise((resolve, reject) => {
      let timer: Disposable | undefined;
      const finish = (settle: () => void): void => {
        this.#checks.delete(check);
        timer?.[dispose]();
        signal?.removeEventListener("abort", onAbort);
        settle();
      };
      const onAbort = (): void => finish(() => reject(signal?.reason));
      const check = (): void => {
        try {
          if (condition()) finish(resolve);
          else if (this.#closed) finish(() => reject(new MeshError("closed", "this node was closed meanwhile")));
        } catch (error) {
          finish(() => reject(error));
        }
      };
      if (signal?.aborted) return onAbort();
      this.#checks.add(check);
      signal?.addEventListener("abort", onAbort, { once: true });
      if (timeoutMs !== undefined) {
        timer = setDeadline(this.#clock, timeoutMs, () =>
          finish(() => reject(new MeshError("timed-out", `after ${timeoutMs} ms: ${what()}`))),
        );
      }
      check();
    });
  }
}
