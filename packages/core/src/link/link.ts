/**
 * What a transport and its links promise. The edge adapts to the traits and never asks "is it TCP?".
 * A link carries *packets*; a packet is one or more whole frames (`wire/frame.ts`) back to back, so a carrier
 * may join packets or cut them between frames, never inside one. A transport dials, listens, carries and
 * reports. Handshake, keep-alive and redial belong to the edge: once, for all.
 */
import type { MeshError } from "../base/errors.ts";
import type { AbortSignalLike } from "../base/platform.ts";

export interface LinkTraits {
  /** Every packet arrives, or the link closes. */
  readonly reliable: boolean;
  /** Frames arrive in the order they were sent. */
  readonly ordered: boolean;
  /** Largest packet `send()` takes, in bytes; `LIMITS.packetBytes` where the carrier sets no limit. */
  readonly maxPacketBytes: number;
}

/** The consumer of a link, given the moment the link exists: nothing can arrive before somebody listens. */
export interface LinkSink {
  /** Largest frame it takes just now, in bytes: little from strangers. Read before every packet. Default `LIMITS.frameBytes`. */
  readonly maxFrameBytes?: number;
  /** Whole frames, one or more. The bytes belong to the receiver from now on and are never reused. */
  onPacket(bytes: Uint8Array): void;
  /** After `send` returned false: what waits to leave has fallen under the low-water mark. */
  onWritable(): void;
  /** Last call, exactly once; never during the call that caused it. `undefined` when the end was agreed. */
  onClosed(error: MeshError | undefined): void;
}

export interface Link {
  readonly traits: LinkTraits;
  /**
   * Bytes received so far, also of a frame that is not whole yet: a sign of life. Absent where a carrier tells only of
   * whole messages.
   */
  readonly receivedBytes?: number;
  /**
   * Bytes given to `send` that the carrier below has not taken yet: while there are any, what it takes is a sign of life.
   * Absent where nobody can tell.
   */
  readonly waitingBytes?: number;
  /** Where the other end is, for people: `tcp://127.0.0.1:50312`. */
  readonly remoteAddress: string;
  /**
   * Queue one packet given in parts, of which the link joins only small ones. The link owns the parts until
   * they have left and does not modify them; the caller must not either. Never waits, never drops.
   * `false` means: stop until `onWritable`.
   * @throws {MeshError} `closed`; `too-large` above `traits.maxPacketBytes`; `overflow` when `false` was
   *   ignored until twice the high-water mark, plus one packet, waits.
   */
  send(parts: readonly Uint8Array[]): boolean;
  /** Flush, then close; resolves when closed. When the signal fires first: abort, and reject with its reason. */
  close(options?: { readonly signal?: AbortSignalLike }): Promise<void>;
  /** Drop everything now. The sink hears `error`. Idempotent, never throws. */
  abort(error: MeshError): void;
}

/** Called the moment a link is up, dialled or accepted alike; gives the link its consumer. */
export type OnLink = (link: Link) => LinkSink;

export interface Listener extends AsyncDisposable {
  /** What others dial, with the real port where 0 was asked for. */
  readonly address: string;
}

export interface Transport {
  /** The address schemes it serves, without colon: `["tcp"]`, `["ws", "wss", "http", "https"]`, `["memory"]`. */
  readonly schemes: readonly string[];
  /** @throws {TypeError} naming the argument, the rule and the value when `address` is not one of ours. */
  checkAddress(address: string): void;
  /**
   * Open a link. `onLink` is called once, before the promise resolves and before any packet.
   * @throws {MeshError} `dial-failed` with the cause; or the signal's reason when aborted, with nothing left open.
   */
  dial(address: string, onLink: OnLink, options: { readonly signal: AbortSignalLike }): Promise<void>;
  /**
   * Accept links until disposed. Disposing stops accepting and leaves open links alone. Absent where a runtime cannot.
   * @throws {MeshError} `listen-failed` with the cause.
   */
  listen?(address: string, onLink: OnLink): Promise<Listener>;
}
