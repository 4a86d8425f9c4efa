/**
 * Leaves that are to go elsewhere, since their gateway is about to close. They are told one after the other, so that the gateways
 * they go to do not get them all at once.
 */
import type { Clock } from "../base/clock.ts";
import { TIMINGS } from "../base/limits.ts";
import { dispose } from "../base/platform.ts";
import { control, Lane } from "../wire/index.ts";
import type { Edge } from "./edge.ts";

export class MovingLeaves implements Disposable {
  readonly #clock: Clock;
  /** Yet to be told, the next one last. */
  readonly #leaves: Edge[];
  readonly #beganAtMs: number;
  readonly #pauseMs: number;
  #told = 0;
  #timer: Disposable | undefined;

  /** @param withinMs All are told by then, in ms. */
  constructor(clock: Clock, leaves: Iterable<Edge>, withinMs: number) {
    this.#clock = clock;
    this.#leaves = [...leaves].reverse();
    this.#beganAtMs = clock.now();
    this.#pauseMs = Math.min(TIMINGS.leafDrainMs, withinMs / this.#leaves.length);
    this.#tell();
  }

  #tell(): void {
    const due = 1 + Math.floor((this.#clock.now() - this.#beganAtMs) / this.#pauseMs);
    for (; this.#told < due; this.#told++) this.#leaves.pop()?.send(Lane.control, [control.drain.encode({})]);
    if (this.#leaves.length > 0)
      this.#timer = this.#clock.setTimer(Math.max(this.#pauseMs, TIMINGS.drainLookMs), () => this.#tell());
  }

  [dispose](): void {
    this.#timer?.[dispose]();
  }
}
