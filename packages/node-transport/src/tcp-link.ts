/** A link over one connected TCP socket. It owns the socket from the first call on. */
import type { Socket } from "node:net";
import { MeshError } from "@chaski/core";
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
  untilClosed,
} from "@chaski/core/link";

/** What the kernel has not taken yet, at most, before `send` says false. Its own buffers come on top. */
const HIGH_WATER_BYTES = 1024 * 1024;

const NOTHING = new Uint8Array(0);

const TRAITS: LinkTraits = { reliable: true, ordered: true, maxPacketBytes: LIMITS.packetBytes };

/**
 * Make a link of a connected socket (half-open allowed, no delay) and give it its consumer.
 *
 * Small parts sent within one tick leave in one write; a large part goes to the kernel as it is, at once. The end
 * of the stream between two frames is an agreed end: also a killed process ends its streams so, and only the
 * edge above knows whether a goodbye came first.
 */
export function openTcpLink(socket: Socket, remoteAddress: string, onLink: OnLink): void {
  new TcpLink(socket, remoteAddress).open(onLink);
}

class TcpLink implements Link {
  readonly traits = TRAITS;
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #batcher: Batcher;
  readonly #pressure: Backpressure;
  readonly #closed: Promise<void>;
  #sink!: LinkSink;
  #receiver: FrameReceiver | undefined;
  /** `closing`: our half is ended or about to be. `aborted`: the socket is destroyed and has yet to say so. */
  #phase: "open" | "closing" | "aborted" | "closed" = "open";
  #error: MeshError | undefined;
  #flushDue = false;

  constructor(socket: Socket, remoteAddress: string) {
    this.#socket = socket;
    this.remoteAddress = remoteAddress;
    this.#batcher = new Batcher((chunk) => socket.write(chunk, this.#onWritten));
    this.#pressure = new Backpressure({
      highWaterBytes: HIGH_WATER_BYTES,
      maxPacketBytes: TRAITS.maxPacketBytes,
      remoteAddress,
    });
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  open(onLink: OnLink): void {
    const socket = this.#socket;
    socket.on("error", (cause) => {
      this.#error ??= new MeshError("link-lost", `the link to ${this.remoteAddress} broke: ${cause.message}`, {
        cause,
      });
    });
    socket.once("close", () => this.#onClose());
    this.#sink = onLink(this);
    this.#receiver = new FrameReceiver(this.#sink);
    socket.on("data", (chunk: Uint8Array) => this.#onData(chunk));
    socket.once("end", () => this.#onEnd());
  }

  get receivedBytes(): number {
    return this.#receiver?.receivedBytes ?? 0;
  }

  get waitingBytes(): number {
    return this.#batcher.waitingBytes + this.#socket.writableLength;
  }

  send(parts: readonly Uint8Array[]): boolean {
    this.#pressure.admit(parts, this.#phase === "open", this.waitingBytes);
    const batcher = this.#batcher;
    if (parts.length === 1 && batcher.waitingBytes === 0) batcher.add(parts);
    else {
      // Several chunks written by one packet leave in one system call.
      this.#socket.cork();
      batcher.add(parts);
      this.#socket.uncork();
    }
    if (batcher.waitingBytes > 0 && !this.#flushDue) {
      this.#flushDue = true;
      process.nextTick(this.#flush);
    }
    return this.#pressure.queued(this.waitingBytes);
  }

  close(options?: { readonly signal?: AbortSignalLike }): Promise<void> {
    if (this.#phase === "closed") return this.#closed;
    if (this.#phase === "open" && !options?.signal?.aborted) this.#endOurHalf();
    return untilClosed(this.#closed, options?.signal, (error) => this.abort(error));
  }

  abort(error: MeshError): void {
    if (this.#phase === "aborted" || this.#phase === "closed") return;
    this.#phase = "aborted";
    this.#error ??= error;
    this.#batcher.clear();
    this.#receiver?.stop();
    // A reset, not an end: the other side must not take this for an agreed one.
    resetSocket(this.#socket);
  }

  readonly #flush = (): void => {
    this.#flushDue = false;
    if (this.#phase === "open") this.#batcher.flush();
  };

  readonly #onWritten = (error?: Error | null): void => {
    if (!error && this.#pressure.left(this.waitingBytes) && this.#phase === "open") this.#sink.onWritable();
  };

  #onData(chunk: Uint8Array): void {
    try {
      this.#receiver!.push(chunk);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      this.abort(error);
    }
  }

  #onEnd(): void {
    if (this.#phase !== "open") return;
    // A reset can come as a plain end, when it overtakes bytes not read yet. Writing nothing tells them apart: it
    // fails on a connection that was reset, and the socket's error says so.
    this.#socket.write(NOTHING, (error) => {
      if (!error && this.#phase === "open") this.#onAgreedEnd();
    });
  }

  #onAgreedEnd(): void {
    const { heldBytes } = this.#receiver!;
    if (heldBytes === 0) this.#endOurHalf();
    else {
      const detail = `the stream from ${this.remoteAddress} ended inside a frame, after ${heldBytes} bytes of it`;
      this.abort(new MeshError("malformed-frame", detail));
    }
  }

  #endOurHalf(): void {
    this.#phase = "closing";
    this.#batcher.flush();
    this.#socket.end();
  }

  #onClose(): void {
    this.#phase = "closed";
    const { readableEnded, writableFinished } = this.#socket;
    if (!this.#error && !(readableEnded && writableFinished)) {
      this.#error = new MeshError("link-lost", `the link to ${this.remoteAddress} ended on one side only`);
    }
    this.#sink.onClosed(this.#error);
  }
}

/** Close a connection at once with a reset; when our end has left already, without: a socket shutting down takes none. */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && socket.writableLength === 0) socket.destroy();
  else socket.resetAndDestroy();
}
