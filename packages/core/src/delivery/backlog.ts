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
  readonly first: number;
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
  #edges = 0;

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
    if (policy !== "queue") {
      waiting.sendFrom = policy === "latest" ? head : head + 1;
      waiting.bytes = 0;
    }
    for (; waiting.bytes > LIMITS.backlogBytes && waiting.sendFrom < head; waiting.sendFrom++)
      if (waiting.sendFrom > base) waiting.bytes -= this.#log.frameBytes(flow.log, waiting.sendFrom);
    if (waiting.sendFrom > sendFrom) this.#onDropped(waiting.sendFrom - sendFrom);
  }

  onEdgeOpen(): void {
    if (this.#edges++ > 0) return;
    const untilMs = this.#clock.now() + TIMINGS.backlogMs;
    for (const [flow, { first, sendFrom }] of this.#waiting) {
      if (sendFrom > first) flow.withheld = { from: first, to: sendFrom - 1 };
      if (sendFrom <= flow.log.head) flow.offer = { from: sendFrom, untilMs };
    }
    this.#waiting.clear();
  }

  onEdgeClosed(): void {
    this.#edges--;
  }

  /** Nothing of `flow` is known any more. */
  forget(flow: Flow): void {
    this.#waiting.delete(flow);
  }
}
