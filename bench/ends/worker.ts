/** What a process that works alone does: the same operation again and again. */
import type { Operation, Work } from "../work/work.ts";

/** The clock is read about so often, in ms. */
const LOOK_EVERY_MS = 1;

export interface Worked {
  readonly count: number;
  readonly elapsedMs: number;
}

export class Worker {
  readonly #prepare: Work;
  readonly #prepared = new Map<number, Operation>();
  /** What the operations gave: unused results might be left out by the engine. */
  #sink = 0;

  constructor(prepare: Work) {
    this.#prepare = prepare;
  }

  /** Do the operation at least once, and for this long. */
  run(size: number, durationMs: number): Worked {
    let operation = this.#prepared.get(size);
    if (!operation) this.#prepared.set(size, (operation = this.#prepare(size)));
    const fromMs = performance.now();
    let count = 0;
    let elapsedMs = 0;
    for (let batch = 1; count === 0 || elapsedMs < durationMs; ) {
      for (let i = 0; i < batch; i++) this.#sink += operation();
      count += batch;
      elapsedMs = performance.now() - fromMs;
      batch = Math.max(1, Math.floor((count / elapsedMs) * LOOK_EVERY_MS));
    }
    if (Number.isNaN(this.#sink)) throw new Error("an operation gave no number");
    return { count, elapsedMs };
  }
}
