/** What a contender is: a way to bring messages from one process to another, and back. */

/** Called with whatever arrives, in the pieces in which it arrives. */
export type OnPayload = (payload: Uint8Array) => void;

export interface End {
  /**
   * Send one payload, which nobody modifies any more.
   * @returns A promise when the caller should wait for it before it sends more.
   */
  send(payload: Uint8Array): Promise<void> | undefined;
}

export interface ListeningEnd extends End {
  /** Where the other end dials. */
  readonly address: string;
  /** Resolves when the other end is there and misses nothing from now on. */
  connected(): Promise<void>;
}

/** A process in the middle. It lives as long as its process. */
export interface Relay {
  /** Where the other end dials instead. */
  readonly address: string;
}

export interface Contender {
  /** How many messages of this size travel as one payload. */
  messagesPerPayload(messageBytes: number): number;
  listen(onPayload: OnPayload): Promise<ListeningEnd>;
  /** @param address Where the listening end is. */
  relay?(address: string): Promise<Relay>;
  /** Resolves when the listening end misses nothing from now on. */
  dial(address: string, onPayload: OnPayload): Promise<End>;
}

export type Packing = Contender["messagesPerPayload"];

/** A write for each message. */
export const one: Packing = () => 1;

/** Whole messages, one behind the other, up to this much; at least one. */
const BATCH_BYTES = 64 * 1024;
export const batch: Packing = (messageBytes) => Math.max(1, Math.floor(BATCH_BYTES / messageBytes));
