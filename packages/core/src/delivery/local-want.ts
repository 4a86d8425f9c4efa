/** A pattern this node itself wants, from every origin, and what reads the flows that match it. */
import type { NodeId } from "../base/ids.ts";
import type { EndReason, GapReason } from "../wire/index.ts";
import type { Flow, Reader } from "./flow.ts";

/** Hears what comes; never waits, never throws. */
export interface Listener {
  /** `from` to `to` of `flow` are in the log now. */
  onMessages(flow: Flow, from: number, to: number): void;
  /** `from` to `to` (Infinity: open-ended) cannot be delivered. */
  onGap(flow: Flow, from: number, to: number, reason: GapReason): void;
  /** `from` to `to` were removed by a policy on the way. */
  onSkip(flow: Flow, from: number, to: number): void;
}

/** Who only wants it in the log. */
export const observer: Listener = { onMessages: () => {}, onGap: () => {}, onSkip: () => {} };

class LocalReader implements Reader {
  next: number;
  readonly #listener: Listener;

  constructor(listener: Listener, next: number) {
    this.#listener = listener;
    this.next = next;
  }

  onHead(flow: Flow): void {
    const { next } = this;
    const { head } = flow.log;
    if (next > head) return;
    this.next = head + 1;
    this.#listener.onMessages(flow, next, head);
  }

  onGap(flow: Flow, to: number, reason: GapReason): void {
    if (to < this.next) return;
    this.#listener.onGap(flow, this.next, to, reason);
    this.next = to + 1;
  }

  onSkip(flow: Flow, to: number): void {
    if (to < this.next) return;
    this.#listener.onSkip(flow, this.next, to);
    this.next = to + 1;
  }

  onEnd(flow: Flow, reason: EndReason): void {
    if (flow.reliability === "reliable" && reason !== "goodbye")
      this.#listener.onGap(flow, this.next, Number.POSITIVE_INFINITY, reason);
  }
}

export class LocalWant {
  readonly pattern: string;
  /** Resolves when it is active at every origin this node knows. */
  readonly ready: Promise<void>;
  isReady = false;
  /** Origins at which it is active. */
  readonly active = new Set<NodeId>();
  readonly #listener: Listener;
  readonly #readers = new Map<number, { flow: Flow; reader: LocalReader }>();
  #resolve!: () => void;

  constructor(pattern: string, listener: Listener) {
    this.pattern = pattern;
    this.#listener = listener;
    this.ready = new Promise((resolve) => (this.#resolve = resolve));
  }

  read(flow: Flow, next: number): void {
    if (this.#readers.has(flow.number)) return;
    const reader = new LocalReader(this.#listener, next);
    this.#readers.set(flow.number, { flow, reader });
    flow.addReader(reader);
  }

  /** The flow ended; nothing of it comes any more. */
  forget(flow: Flow): void {
    this.#readers.delete(flow.number);
  }

  nowReady(): void {
    this.isReady = true;
    this.#resolve();
  }

  close(): void {
    for (const { flow, reader } of this.#readers.values()) flow.removeReader(reader);
    this.#readers.clear();
    this.nowReady();
  }
}
