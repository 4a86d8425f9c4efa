/**
 * A link over one channel. What carries it (a MessagePort, a part of a WebSocket) takes whatever it is given at once and
 * never says when it has left, so the other end acknowledges what its consumer has taken, from end to end: whoever passes
 * channels on holds no more than a window of each.
 */
import { type Clock, dispose, MeshError } from "@chaski/core";
import {
  type AbortSignalLike,
  Backpressure,
  FrameReceiver,
  LIMITS,
  type Link,
  type LinkSink,
  type LinkTraits,
  type OnLink,
  queueMicrotask,
  untilClosed,
} from "@chaski/core/link";
import { MESSAGE_BYTES } from "../websocket-like.ts";
import {
  ackedBytesOf,
  ackMessage,
  CHANNEL_HEAD_BYTES,
  ChannelKind,
  channelMessage,
  kindOf,
  textMessage,
  textOf,
} from "./channel-message.ts";

/** What was sent and is not acknowledged, at most; but the last words of a link that closes are all sent. */
export const WINDOW_BYTES = 128 * 1024;
/** What has not been taken by the other end, at most, before `send` says false. */
const HIGH_WATER_BYTES = 256 * 1024;
/** So much that was taken is acknowledged at once, less of it after `ACK_MS`. */
const ACK_BYTES = WINDOW_BYTES / 4;
const ACK_MS = 100;

const TRAITS: LinkTraits = { reliable: true, ordered: true, maxPacketBytes: LIMITS.packetBytes };

export interface ChannelLinkOptions {
  readonly clock: Clock;
  /** Where the other end is, for people. */
  readonly remoteAddress: string;
  /** Give a message to the carrier, which owns it from now on. */
  readonly post: (message: Uint8Array<ArrayBuffer>) => void;
  /** The channel is over; nothing is posted any more. */
  readonly onGone: () => void;
}

export class ChannelLink implements Link {
  readonly traits = TRAITS;
  readonly remoteAddress: string;
  readonly #options: ChannelLinkOptions;
  readonly #pressure: Backpressure;
  readonly #closed: Promise<void>;
  #resolveClosed!: () => void;
  #sink!: LinkSink;
  #receiver!: FrameReceiver;
  /** Parts that have not been posted; of the first, what is behind `#at`. */
  #queue: Uint8Array[] = [];
  #at = 0;
  #queuedBytes = 0;
  /** Posted and not acknowledged. */
  #sentBytes = 0;
  /** Taken and not acknowledged. */
  #takenBytes = 0;
  #ackTimer: Disposable | undefined;
  #flushDue = false;
  /** `aborted`: given up, and the sink has yet to hear it. */
  #phase: "open" | "closing" | "aborted" | "closed" = "open";

  constructor(options: ChannelLinkOptions) {
    this.#options = options;
    this.remoteAddress = options.remoteAddress;
    this.#pressure = new Backpressure({
      highWaterBytes: HIGH_WATER_BYTES,
      maxPacketBytes: TRAITS.maxPacketBytes,
      remoteAddress: options.remoteAddress,
    });
    this.#closed = new Promise((resolve) => (this.#resolveClosed = resolve));
  }

  /** Give it its consumer, once, before anything arrives. */
  open(onLink: OnLink): void {
    this.#sink = onLink(this);
    this.#receiver = new FrameReceiver(this.#sink);
  }

  get receivedBytes(): number {
    return this.#receiver?.receivedBytes ?? 0;
  }

  get waitingBytes(): number {
    return this.#queuedBytes + this.#sentBytes;
  }

  send(parts: readonly Uint8Array[]): boolean {
    const bytes = this.#pressure.admit(parts, this.#phase === "open", this.waitingBytes);
    if (bytes > 0) {
      for (const part of parts) if (part.byteLength > 0) this.#queue.push(part);
      this.#queuedBytes += bytes;
      if (this.#queuedBytes >= MESSAGE_BYTES) this.#feed(WINDOW_BYTES);
      else if (!this.#flushDue) {
        this.#flushDue = true;
        queueMicrotask(this.#flush);
      }
    }
    return this.#pressure.queued(this.waitingBytes);
  }

  close(options?: { readonly signal?: AbortSignalLike }): Promise<void> {
    if (this.#phase === "closed") return this.#closed;
    if (this.#phase === "open" && !options?.signal?.aborted) {
      this.#phase = "closing";
      this.#sayEnd();
    }
    return untilClosed(this.#closed, options?.signal, (error) => this.abort(error));
  }

  abort(error: MeshError): void {
    if (this.#phase === "aborted" || this.#phase === "closed") return;
    this.#phase = "aborted";
    this.#drop();
    this.#receiver.stop();
    this.#options.post(textMessage(ChannelKind.abort, ""));
    queueMicrotask(() => this.#finish(error));
  }

  // ---- from the carrier

  /** A message of this channel has come. */
  receive(message: Uint8Array<ArrayBuffer>): void {
    if (this.#phase === "aborted" || this.#phase === "closed") return;
    switch (kindOf(message)) {
      case ChannelKind.data:
        return this.#onData(message.subarray(CHANNEL_HEAD_BYTES));
      case ChannelKind.ack:
        return this.#onAck(ackedBytesOf(message));
      case ChannelKind.end:
        return this.#onEnd();
      case ChannelKind.abort: {
        const why = textOf(message);
        return this.lost(`${this.remoteAddress} ended the link${why && `: ${why}`}`);
      }
    }
  }

  /** The carrier is gone. */
  lost(why: string): void {
    if (this.#phase === "aborted" || this.#phase === "closed") return;
    this.#finish(new MeshError("link-lost", why));
  }

  #onData(bytes: Uint8Array): void {
    try {
      this.#receiver.push(bytes);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      this.abort(error);
    }
    if (!this.#isUp()) return;
    this.#takenBytes += bytes.byteLength;
    if (this.#takenBytes >= ACK_BYTES) this.#acknowledge();
    else if (this.#takenBytes > 0) this.#ackTimer ??= this.#options.clock.setTimer(ACK_MS, this.#acknowledge);
  }

  #onAck(bytes: number): void {
    if (!(bytes <= this.#sentBytes)) {
      const detail = `${this.remoteAddress} acknowledged ${bytes} bytes, of ${this.#sentBytes} that were sent`;
      return this.abort(new MeshError("malformed-frame", detail));
    }
    this.#sentBytes -= bytes;
    if (this.#phase !== "open") return;
    this.#feed(WINDOW_BYTES);
    if (this.#pressure.left(this.waitingBytes)) this.#sink.onWritable();
  }

  #onEnd(): void {
    if (this.#phase === "open") this.#sayEnd();
    if (!this.#isUp()) return; // the carrier broke over that
    const { heldBytes } = this.#receiver;
    const detail = `the stream from ${this.remoteAddress} ended inside a frame, after ${heldBytes} bytes of it`;
    this.#finish(heldBytes > 0 ? new MeshError("malformed-frame", detail) : undefined);
  }

  // ---- to the carrier

  readonly #flush = (): void => {
    this.#flushDue = false;
    if (this.#phase === "open") this.#feed(WINDOW_BYTES);
  };

  /** Everything that waits, whatever is under way, and that nothing follows. */
  #sayEnd(): void {
    this.#feed(Number.POSITIVE_INFINITY);
    this.#options.post(channelMessage(ChannelKind.end));
  }

  /** Post what waits until so much is under way. It is copied: the carrier takes what it is given for good. */
  #feed(windowBytes: number): void {
    let next = 0;
    while (this.#queuedBytes > 0 && this.#sentBytes < windowBytes) {
      const length = Math.min(this.#queuedBytes, MESSAGE_BYTES, windowBytes - this.#sentBytes);
      const message = channelMessage(ChannelKind.data, length);
      for (let filled = 0; filled < length; ) {
        const part = this.#queue[next]!;
        const piece = part.subarray(this.#at, this.#at + length - filled);
        message.set(piece, CHANNEL_HEAD_BYTES + filled);
        filled += piece.byteLength;
        this.#at += piece.byteLength;
        if (this.#at < part.byteLength) continue;
        this.#at = 0;
        next++;
      }
      this.#queuedBytes -= length;
      this.#sentBytes += length;
      this.#options.post(message);
    }
    if (next > 0) this.#queue = next === this.#queue.length ? [] : this.#queue.slice(next);
  }

  readonly #acknowledge = (): void => {
    this.#ackTimer?.[dispose]();
    this.#ackTimer = undefined;
    this.#options.post(ackMessage(this.#takenBytes));
    this.#takenBytes = 0;
  };

  #isUp(): boolean {
    return this.#phase === "open" || this.#phase === "closing";
  }

  #drop(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#ackTimer?.[dispose]();
    this.#ackTimer = undefined;
  }

  #finish(error: MeshError | undefined): void {
    this.#phase = "closed";
    this.#drop();
    this.#receiver.stop();
    this.#resolveClosed();
    this.#options.onGone();
    this.#sink.onClosed(error);
  }
}
