/** The pace of everything that samples: one interval, which may be changed while the samplers wait. */
export class Cadence {
  #intervalMs: number;
  readonly #rearm = new Set<() => void>();

  /** @param intervalMs Milliseconds between two samples. */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** Takes effect at once: a sampler that would be overdue by the new interval samples now. */
  set intervalMs(value: number) {
    this.#intervalMs = value;
    for (const rearm of this.#rearm) rearm();
  }

  /**
   * Run `sample` now and then once per interval, never twice at a time, until the handle is disposed.
   *
   * @param atLeastMs For samples that cost more: never more often than this.
   */
  every(atLeastMs: number, sample: () => Promise<void>): Disposable {
    let timer: NodeJS.Timeout | undefined;
    let startedAt = Number.NEGATIVE_INFINITY;
    let running = false;

    const arm = (): void => {
      clearTimeout(timer);
      if (running || !this.#rearm.has(arm)) return;
      const dueAt = startedAt + Math.max(atLeastMs, this.#intervalMs);
      timer = setTimeout(run, Math.max(0, dueAt - performance.now()));
    };
    const run = async (): Promise<void> => {
      running = true;
      startedAt = performance.now();
      try {
        await sample();
      } catch (error) {
        // After the end the node is closed, and a sample that was under way has nowhere to go.
        if (this.#rearm.has(arm)) console.error("a sample failed:", error);
      }
      running = false;
      arm();
    };

    this.#rearm.add(arm);
    arm();
    return {
      [Symbol.dispose]: () => {
        this.#rearm.delete(arm);
        clearTimeout(timer);
      },
    };
  }
}
