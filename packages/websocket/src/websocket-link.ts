/** A link over one open WebSocket: the messages of a direction are a stream of bytes, cut into frames on receipt. */
import { type Clock, dispose, MeshError } from "@chaski/core";
import {
  type AbortSignalLike,
  Backpressure,
  Batcher,
  FrameReceiver,
  LIMITS,
  type Link,
  type LinkSink,
  type LinkTraits,
  type OnLink,
  queueMicrotask,
  untilClosed,
} from "@chaski/core/link";
import { MESSAGE_BYTES, type NodeWebSocketLike, type WebSocketLike } from "./websocket-like.ts";

/** What has not left yet, at most, before `send` says false. */
const HIGH_WATER_BYTES = 256 * 1024;
/** What a socket of `ws` is given at once: the system takes it whole, and only then tells that it has left. */
const FED_BYTES = 128 * 1024;
/** How often a browser's `bufferedAmount` is looked at while `onWritable` is owed, in ms. */
const POLL_MS = 4;
/** Close codes: the agreed end, and the one we give for every other. */
const AGREED = 1000;
const ABORTED = 4000;

const TRAITS: LinkTraits = { reliable: true, ordered: true, maxPacketBytes: LIMITS.packetBytes };

export interface WebSocketLinkOptions {
  readonly clock: Clock;
  /** Where the other end is, for people. */
  readonly remoteAddress: string;
}

/**
 * Make a link of a WebSocket that is open, and give it its consumer. To be called within the `open` event, or
 * before one could have come: nothing may arrive before.
 *
 * Small parts sent within one tick leave as one message; a large part leaves at once, in messages of its own.
 */
export function openWebSocketLink(
  socket: WebSocketLike | NodeWebSocketLike,
  options: WebSocketLinkOptions,
  onLink: OnLink,
): void {
  new WebSocketLink(socket, options).open(onLink);
}

class WebSocketLink implements Link {
  readonly traits = TRAITS;
  readonly remoteAddress: string;
  readonly #socket: WebSocketLike;
  /** The same socket, when it is one of the `ws` package. */
  readonly #nodeSocket: NodeWebSocketLike | undefined;
  readonly #clock: Clock;
  readonly #batcher: Batcher;
  readonly #pressure: Backpressure;
  readonly #closed: Promise<void>;
  #resolveClosed!: () => void;
  #sink!: LinkSink;
  #receiver: FrameReceiver | undefined;
  /** Messages that a socket of `ws` is given when it has got rid of those before. */
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #queuedBytes = 0;
  /** `aborted`: given up, and the sink has yet to hear it. */
  #phase: "open" | "closing" | "aborted" | "closed" = "open";
  #error: MeshError | undefined;
  #flushDue = false;
  #poll: Disposable | undefined;

  constructor(socket: WebSocketLike | NodeWebSocketLike, { clock, remoteAddress }: WebSocketLinkOptions) {
    this.remoteAddress = remoteAddress;
    this.#socket = socket;
    this.#nodeSocket = "terminate" in socket ? socket : undefined;
    this.#clock = clock;
    this.#batcher = new Batcher((chunk) => this.#write(chunk));
    this.#pressure = new Backpressure({
      highWaterBytes: HIGH_WATER_BYTES,
      maxPacketBytes: TRAITS.maxPacketBytes,
      remoteAddress,
    });
    this.#closed = new Promise((resolve) => (this.#resolveClosed = resolve));
  }

  open(onLink: OnLink): void {
    const socket = this.#socket;
    socket.binaryType = this.#nodeSocket ? "nodebuffer" : "arraybuffer";
    socket.addEventListener("message", ({ data }: { readonly data: unknown }) => this.#onMessage(data));
    socket.addEventListener("error", ({ error }: { readonly error?: unknown }) => this.#onError(error));
    socket.addEventListener("close", ({ code, reason }: { readonly code: number; readonly reason: string }) =>
      this.#onClose(code, reason),
    );
    this.#sink = onLink(this);
    this.#receiver = new FrameReceiver(this.#sink);
  }

  get receivedBytes(): number {
    return this.#receiver?.receivedBytes ?? 0;
  }

  get waitingBytes(): number {
    return this.#batcher.waitingBytes + this.#queuedBytes + this.#socket.bufferedAmount;
  }

  send(parts: readonly Uint8Array[]): boolean {
    this.#pressure.admit(parts, this.#phase === "open", this.waitingBytes);
    this.#batcher.add(parts);
    if (this.#batcher.waitingBytes > 0 && !this.#flushDue) {
      this.#flushDue = true;
      queueMicrotask(this.#flush);
    }
    if (this.#pressure.queued(this.waitingBytes)) return true;
    if (!this.#nodeSocket) this.#poll ??= this.#clock.setTimer(POLL_MS, this.#look);
    return false;
  }

  close(options?: { readonly signal?: AbortSignalLike }): Promise<void> {
    if (this.#phase === "closed") return this.#closed;
    if (this.#phase === "open" && !options?.signal?.aborted) {
      this.#batcher.flush();
      this.#feed(Number.POSITIVE_INFINITY);
      this.#phase = "closing";
      this.#socket.close(AGREED);
    }
    return untilClosed(this.#closed, options?.signal, (error) => this.abort(error));
  }

  abort(error: MeshError): void {
    if (this.#phase === "aborted" || this.#phase === "closed") return;
    this.#phase = "aborted";
    this.#batcher.clear();
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#receiver?.stop();
    if (this.#nodeSocket) this.#nodeSocket.terminate();
    else this.#socket.close(ABORTED);
    // A browser says that the socket is closed only when everything has left; nobody waits for that here.
    queueMicrotask(() => this.#finish(this.#error ?? error));
  }

  readonly #flush = (): void => {
    this.#flushDue = false;
    if (this.#phase === "open") this.#batcher.flush();
  };

  /** For browsers: nothing tells when bytes have left, so look, but only while somebody waits. */
  readonly #look = (): void => {
    this.#poll = undefined;
    this.#onLeft();
    if (this.#pressure.stopped && this.#phase === "open") this.#poll = this.#clock.setTimer(POLL_MS, this.#look);
  };

  readonly #onLeft = (): void => {
    if (this.#phase !== "open") return;
    this.#feed(FED_BYTES);
    if (this.#pressure.left(this.waitingBytes)) this.#sink.onWritable();
  };

  #write(bytes: Uint8Array): void {
    const chunk = bytes as Uint8Array<ArrayBuffer>;
    for (let at = 0; at < chunk.byteLength; at += MESSAGE_BYTES) {
      const message = chunk.byteLength <= MESSAGE_BYTES ? chunk : chunk.subarray(at, at + MESSAGE_BYTES);
      if (!this.#nodeSocket) this.#socket.send(message);
      else {
        this.#queue.push(message);
        this.#queuedBytes += message.byteLength;
      }
    }
    this.#feed(FED_BYTES);
  }

  /** Give the socket of `ws` what waits, until it holds so much. */
  #feed(untilBytes: number): void {
    const socket = this.#nodeSocket;
    if (!socket) return;
    let fed = 0;
    for (; fed < this.#queue.length && socket.bufferedAmount < untilBytes; fed++) {
      const message = this.#queue[fed]!;
      this.#queuedBytes -= message.byteLength;
      socket.send(message, this.#onLeft);
    }
    if (fed > 0) this.#queue = fed === this.#queue.length ? [] : this.#queue.slice(fed);
  }

  #onMessage(data: unknown): void {
    if (typeof data === "string") {
      this.abort(new MeshError("malformed-frame", `a text message from ${this.remoteAddress}; all of ours are binary`));
      return;
    }
    try {
      const bytes = data instanceof Uint8Array ? data : new Uint8Array(data as ArrayBuffer);
      this.#receiver!.push(bytes);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      this.abort(error);
    }
  }

  /** Only `ws` says what was wrong. It would then wait for the other side to agree to the end; a browser does not. */
  #onError(cause: unknown): void {
    const { code = "", message = "the connection broke" } = (cause ?? {}) as { code?: string; message?: string };
    const isTooLarge = code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";
    const meshCode = isTooLarge ? "too-large" : code.startsWith("WS_ERR") ? "malformed-frame" : "link-lost";
    this.#error ??= new MeshError(meshCode, `${this.remoteAddress}: ${message}`, { cause });
    if (this.#nodeSocket) this.abort(this.#error);
  }

  #onClose(code: number, reason: string): void {
    if (this.#phase === "aborted" || this.#phase === "closed") return;
    const { heldBytes } = this.#receiver!;
    if (code !== AGREED) {
      const detail = `the link to ${this.remoteAddress} was closed with code ${code}${reason && `: ${reason}`}`;
      this.#error ??= new MeshError("link-lost", detail);
    } else if (heldBytes > 0) {
      const detail = `the stream from ${this.remoteAddress} ended inside a frame, after ${heldBytes} bytes of it`;
      this.#error ??= new MeshError("malformed-frame", detail);
    }
    this.#finish(this.#error);
  }

  #finish(error: MeshError | undefined): void {
    this.#phase = "closed";
    this.#poll?.[dispose]();
    this.#poll = undefined;
    this.#resolveClosed();
    this.#sink.onClosed(error);
  }
}
