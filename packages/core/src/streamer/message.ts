import type { NodeId } from "../base/ids.ts";
import type { GapReason } from "../wire/index.ts";

/** Small values that travel beside the data of a message. */
export type Headers = Readonly<Record<string, string | number | boolean | null>>;

/** What a subscription gives. */
export interface Message<T = unknown> {
  readonly topic: string;
  /**
   * A `Uint8Array` when one was published, otherwise the decoded value. Small data is the reader's own, though its
   * `buffer` may hold other messages too; bytes from 4 KiB on are a view shared with the node's log. So `slice()` what is
   * to be transferred, or changed when it may be large.
   */
  readonly data: T;
  /** The node that published it. */
  readonly origin: NodeId;
  /** Its number in the flow of this origin and topic, from 1; of what was sent to this node alone, one that grows. */
  readonly seq: number;
  /** The origin's wall clock when it was published, ms since 1970-01-01 UTC, with microseconds. */
  readonly publishedAt: number;
  readonly headers: Headers;
  /** What was lost just before it, on the first message after a hole. */
  readonly gap: Gap | undefined;
}

/** A range the mesh could not deliver. */
export interface Gap {
  readonly topic: string;
  readonly origin: NodeId;
  /** First number missing. */
  readonly from: number;
  /** Last number missing; `Infinity` when nobody can know. */
  readonly to: number;
  readonly reason: GapReason;
}

/** Messages removed by a policy: this subscription's own `overflow`, or of a volatile topic on the way or unread in the log. */
export interface Drop {
  readonly topic: string;
  readonly origin: NodeId;
  /** How many. */
  readonly count: number;
}
