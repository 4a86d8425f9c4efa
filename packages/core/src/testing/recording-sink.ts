/** A link's consumer that keeps what it hears, checks the contract's order of calls, and lets a test await events. */
import type { MeshError } from "../base/errors.ts";
import type { LinkSink } from "../link/index.ts";
import { readU32 } from "../wire/index.ts";

interface Waiter {
  readonly ready: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly what: string;
}

export class RecordingSink implements LinkSink {
  /** Packets as they came. */
  readonly packets: Uint8Array[] = [];
  /** The frames in them, one by one. */
  readonly frames: Uint8Array[] = [];
  /** How often `onWritable` was called. */
  writables = 0;
  /** How often `onClosed` was called: 1 after the end. */
  closings = 0;
  /** What `onClosed` said. */
  readonly closed: Promise<MeshError | undefined>;
  /** Breaches of the contract, in words. */
  readonly faults: string[] = [];
  #resolveClosed!: (error: MeshError | undefined) => void;
  #waiters: Waiter[] = [];

  constructor() {
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
  }

  onPacket(bytes: Uint8Array): void {
    if (this.closings > 0) this.faults.push("onPacket after onClosed");
    this.packets.push(bytes);
    for (let at = 0; at < bytes.byteLength; ) {
      const length = bytes.byteLength - at >= 4 ? readU32(bytes, at) : 0;
      if (length < 8 || at + length > bytes.byteLength) {
        this.faults.push(`a packet of ${bytes.byteLength} bytes is not whole frames`);
        break;
      }
      this.frames.push(bytes.subarray(at, at + length));
      at += length;
    }
    this.#wake();
  }

  onWritable(): void {
    if (this.closings > 0) this.faults.push("onWritable after onClosed");
    this.writables++;
    this.#wake();
  }

  onClosed(error: MeshError | undefined): void {
    if (++this.closings > 1) this.faults.push("onClosed twice");
    this.#resolveClosed(error);
    this.#wake();
  }

  /** Resolves once `count` frames are here; rejects when the link closes before. */
  async untilFrames(count: number): Promise<readonly Uint8Array[]> {
    await this.#until(() => this.frames.length >= count, `${count} frames`);
    return this.frames;
  }

  /** Resolves once `onWritable` was called `count` times in all; rejects when the link closes before. */
  untilWritable(count: number): Promise<void> {
    return this.#until(() => this.writables >= count, `onWritable number ${count}`);
  }

  #until(ready: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ ready, resolve, reject, what });
      this.#wake();
    });
  }

  #wake(): void {
    this.#waiters = this.#waiters.filter(({ ready, resolve, reject, what }) => {
      if (ready()) resolve();
      else if (this.closings > 0) reject(new Error(`closed before ${what}; ${this.frames.length} frames were here`));
      else return true;
      return false;
    });
  }
}
