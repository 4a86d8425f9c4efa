import type { Message } from "@chaski/core";
import { RateMeter } from "../live/rate-meter.ts";
import { pretty } from "../pretty.ts";

/** One message as the inspector keeps it: text of bounded length, not the payload itself. */
export interface Entry {
  readonly seq: number;
  /** The name of the node that published it. */
  readonly origin: string;
  readonly publishedAt: number;
  readonly text: string;
}

const KEPT_ENTRIES = 8;
const MAX_ENTRY_CHARACTERS = 1_500;

/** The newest messages of one topic, and how many come per second. */
export class TopicLog {
  readonly rate = new RateMeter();
  count = 0;
  /** The newest first. */
  entries: readonly Entry[] = [];
  /** Not looked at yet: made into text only when a frame will show it. */
  #fresh: Message[] = [];

  add(message: Message, nowMs: number): void {
    this.count++;
    this.rate.count(nowMs);
    this.#fresh.push(message);
    if (this.#fresh.length > KEPT_ENTRIES) this.#fresh.shift();
  }

  /** Bring `entries` up to date. */
  settle(nameOf: (nodeId: string) => string): void {
    if (this.#fresh.length === 0) return;
    const entries = this.#fresh.map(({ seq, origin, publishedAt, data }) => ({
      seq,
      origin: nameOf(origin),
      publishedAt,
      text: pretty(data, MAX_ENTRY_CHARACTERS),
    }));
    this.#fresh = [];
    this.entries = [...entries.reverse(), ...this.entries].slice(0, KEPT_ENTRIES);
  }
}
