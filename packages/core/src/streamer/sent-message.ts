/** One message that was sent to this node alone: it waits here, not in the log, until its readers have read it. */
import { copyOf } from "../base/copy-of.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import { isTopic } from "../base/topic-pattern.ts";

/** What of it travels, beside its topic: its number, wall clock in ms, whether the data is raw, headers in MessagePack, the data. */
export type SentArgs = readonly [
  seq: number,
  publishedAt: number,
  raw: boolean,
  headers: Uint8Array | null,
  payload: Uint8Array,
];

export class SentMessage {
  readonly origin: NodeId;
  readonly topic: string;
  readonly seq: number;
  readonly publishedAt: number;
  readonly raw: boolean;
  readonly headers: Uint8Array | null;
  readonly payload: Uint8Array;
  /** As a reader of flows sees it: a flow of this one message, of which nothing is lost. */
  readonly reliability = "reliable";
  readonly stream = "";
  readonly log = { base: 0 };
  readonly #readers = new Set<object>();
  readonly #onRead: (sent: SentMessage) => void;

  /** @param onRead Nobody is to read it any more. */
  constructor(origin: NodeId, topic: string, args: SentArgs, onRead: (sent: SentMessage) => void) {
    this.origin = origin;
    this.topic = topic;
    [this.seq, this.publishedAt, this.raw, this.headers] = args;
    const [, , , headers, payload] = args;
    this.headers = headers && copyOf(headers, 0, headers.byteLength);
    this.payload = copyOf(payload, 0, payload.byteLength);
    this.#onRead = onRead;
  }

  /** What it takes in memory, about. */
  get byteLength(): number {
    return LIMITS.sentMessageBytes + this.payload.byteLength + (this.headers?.byteLength ?? 0);
  }

  /** `reader` is to read it. */
  heldBy(reader: object): void {
    this.#readers.add(reader);
  }

  /** `reader` has read it, or never will. */
  release(reader: object): void {
    if (this.#readers.delete(reader) && this.#readers.size === 0) this.#onRead(this);
  }
}

/** Whether a node may have sent this: it comes from afar. */
export function areSentArgs(topic: unknown, args: readonly unknown[] | null): args is SentArgs {
  const [seq, publishedAt, raw, headers, payload] = args ?? [];
  return (
    isTopic(topic as string) &&
    Number.isSafeInteger(seq) &&
    typeof publishedAt === "number" &&
    typeof raw === "boolean" &&
    (headers === null || (headers instanceof Uint8Array && headers.byteLength <= LIMITS.headerBytes)) &&
    payload instanceof Uint8Array
  );
}
