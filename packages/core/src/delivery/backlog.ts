/**
 * What a node publishes while it has no edge. It lies in the log like everything else; what is noted here is who gets it:
 * whoever attaches soon after there is an edge again begins with it, or, as its topic wants, with its newest or without it.
 */
import type { Clock } from "../base/clock.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import type { Flow } from "./flow.ts";
import type { Log } from "./log.ts";

/**
 * What becomes of messages published while the node has no edge. `"queue"`: they are sent when it has one, of more than
 * 1 MiB a topic the newest, of older than 5 minutes none. `"latest"`: the newest is sent. `"drop"`: none is.
 */
export type OfflinePolicy = "queue" | "latest" | "drop";

interface Waiting {
  /** The first that was published since there is no edge. */
  first: number;
  /** The first that is to be sent. */
  sendFrom: number;
  /** From that one on. */
  bytes: number;
}

export class Backlog {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onDropped: (count: number) => void;
  readonly #waiting = new Map<Flow, Waiting>();
  /** What may have been lost with the last edge: the first number that whoever read it may lack. */
  readonly #cut = new Map<Flow, number>();
  #edges = 0;
  /** Until then who attaches begins with what is waiting: should there be no edge any more, it has to wait on. */
  #untilMs = Number.NEGATIVE_INFINITY;

  /** @param onDropped So many messages are given to nobody. */
  constructor(clock: Clock, log: Log, onDropped: (count: number) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#onDropped = onDropped;
  }

  /** The newest message of `flow` was published. */
  onPublished(flow: Flow, policy: OfflinePolicy | undefined): void {
    if (this.#edges === 0) this.#keep(flow, policy ?? (flow.reliability === "volatile" ? "drop" : "queue"));
  }

  #keep(flow: Flow, policy: OfflinePolicy): void {
    const { head, base } = flow.log;
    let waiting = this.#waiting.get(flow);
    if (!waiting) this.#waiting.set(flow, (waiting = { first: head, sendFrom: head, bytes: 0 }));
    waiting.bytes += this.#log.frameBytes(flow.log, head);
    const { sendFrom } = waiting;
    if (waiting.bytes > LIMITS.backlogBytes && sendFrom <= base) this.#passForgotten(flow, waiting);
    if (policy !== "queue") {
      waiting.sendFrom = policy === "latest" ? head : head + 1;
      waiting.bytes = 0;
    }
    for (; waiting.bytes > LIMITS.backlogBytes && waiting.sendFrom < head; waiting.sendFrom++)
      waiting.bytes -= this.#log.frameBytes(flow.log, waiting.sendFrom);
    if (waiting.sendFrom > sendFrom) this.#onDropped(waiting.sendFrom - sendFrom);
  }

  /** What the log does not hold any more takes no room; its readers hear of it as of everything forgotten. */
  #passForgotten({ log }: Flow, waiting: Waiting): void {
    waiting.sendFrom = log.base + 1;
    waiting.bytes = 0;
    for (let seq = waiting.sendFrom; seq <= log.head; seq++) waiting.bytes += this.#log.frameBytes(log, seq);
  }

  onEdgeOpen(): void {
    if (this.#edges++ > 0) return;
    this.#untilMs = this.#clock.now() + TIMINGS.backlogMs;
    for (const [flow, { first, sendFrom }] of this.#waiting) {
      if (sendFrom > first) flow.withheld = { from: first, to: sendFrom - 1 };
      if (sendFrom <= flow.log.head) flow.offer = { from: sendFrom, untilMs: this.#untilMs };
      else this.#waiting.delete(flow);
    }
  }

  /** @param unsure Flows read over it, and the first number of each that may not have come through. */
  onEdgeClosed(unsure: () => Iterable<readonly [flow: Flow, from: number]>): void {
    if (--this.#edges > 0) return;
    this.#cut.clear();
    for (const [flow, from] of unsure()) this.#cut.set(flow, from);
    if (this.#clock.now() >= this.#untilMs) this.#waiting.clear();
    for (const [flow, waiting] of this.#waiting) waiting.first = flow.log.head + 1;
  }

  /** The first number of `flow` that waits for an edge, or for those behind one to ask for it; undefined for none. */
  waitsFrom(flow: Flow): number | undefined {
    return this.#cut.get(flow) ?? this.#waiting.get(flow)?.sendFrom;
  }

  /** Nothing of `flow` is known any more. */
  forget(flow: Flow): void {
    this.#cut.delete(flow);
    this.#waiting.delete(flow);
  }
}
