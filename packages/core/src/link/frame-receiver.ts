/** The receiving half of a link over a stream of bytes: whole frames for its consumer, none longer than that takes. */
import { LIMITS } from "../base/limits.ts";
import { FrameSplitter } from "../wire/index.ts";
import type { LinkSink } from "./link.ts";

export class FrameReceiver {
  /** Bytes received so far. */
  receivedBytes = 0;
  readonly #sink: LinkSink;
  readonly #splitter: FrameSplitter;
  #stopped = false;

  constructor(sink: LinkSink) {
    this.#sink = sink;
    this.#splitter = new FrameSplitter(sink.maxFrameBytes);
  }

  /** Bytes of an unfinished frame; above 0 at the end of the stream means it was cut. */
  get heldBytes(): number {
    return this.#splitter.heldBytes;
  }

  /** @param chunk Any slice of the stream, never modified afterwards. @throws {MeshError} which ends the link. */
  push(chunk: Uint8Array): void {
    this.receivedBytes += chunk.byteLength;
    this.#splitter.push(chunk, this.#onPacket);
  }

  /** Hand on nothing more. */
  stop(): void {
    this.#stopped = true;
  }

  readonly #onPacket = (packet: Uint8Array): void => {
    if (this.#stopped) return;
    this.#sink.onPacket(packet);
    // The consumer says how long a frame may be just now.
    this.#splitter.maxFrameBytes = this.#sink.maxFrameBytes ?? LIMITS.frameBytes;
  };
}
