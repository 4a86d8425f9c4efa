/** When a link says stop, when it says go on, and when it has had enough: the rules of `Link.send`, once for all. */
import { MeshError } from "../base/errors.ts";

export interface BackpressureOptions {
  /** From this many waiting bytes on, `send` says false. */
  readonly highWaterBytes: number;
  /** Once no more than this waits, `onWritable` is called. Default a quarter of `highWaterBytes`. */
  readonly lowWaterBytes?: number;
  /** Largest packet. */
  readonly maxPacketBytes: number;
  /** For the messages of errors. */
  readonly remoteAddress: string;
}

/** Pure: whoever uses it knows what waits, and calls `onWritable`. */
export class Backpressure {
  readonly #options: BackpressureOptions;
  readonly #highWaterBytes: number;
  readonly #lowWaterBytes: number;
  /** Undefined while everything may be sent; otherwise what may wait before it is an overflow. */
  #ceilingBytes: number | undefined;

  constructor(options: BackpressureOptions) {
    this.#options = options;
    this.#highWaterBytes = options.highWaterBytes;
    this.#lowWaterBytes = options.lowWaterBytes ?? options.highWaterBytes / 4;
  }

  /** Whether `false` was said and `onWritable` is still owed. */
  get stopped(): boolean {
    return this.#ceilingBytes !== undefined;
  }

  /**
   * Before anything of a packet is queued.
   * @returns Its size in bytes.
   * @throws {MeshError} `closed`, `too-large` or `overflow`, as `Link.send` says.
   */
  admit(parts: readonly Uint8Array[], open: boolean, waitingBytes: number): number {
    const { remoteAddress, maxPacketBytes } = this.#options;
    if (!open) throw new MeshError("closed", `send to ${remoteAddress} after the link was closed`);
    let byteLength = 0;
    for (const part of parts) byteLength += part.byteLength;
    if (byteLength > maxPacketBytes) {
      const detail = `a packet of ${byteLength} bytes to ${remoteAddress}; at most ${maxPacketBytes} fit`;
      throw new MeshError("too-large", detail);
    }
    if (this.#ceilingBytes !== undefined && waitingBytes > this.#ceilingBytes) {
      throw new MeshError("overflow", `${waitingBytes} bytes already wait to leave for ${remoteAddress}`);
    }
    return byteLength;
  }

  /** After a packet was queued. @returns What `send` says. */
  queued(waitingBytes: number): boolean {
    if (this.#ceilingBytes === undefined && waitingBytes >= this.#highWaterBytes) {
      this.#ceilingBytes = waitingBytes + this.#highWaterBytes;
    }
    return this.#ceilingBytes === undefined;
  }

  /** After something has left. @returns Whether `onWritable` is to be called now. */
  left(waitingBytes: number): boolean {
    if (this.#ceilingBytes === undefined || waitingBytes > this.#lowWaterBytes) return false;
    this.#ceilingBytes = undefined;
    return true;
  }
}
