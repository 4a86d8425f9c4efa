/** Cuts a stream of bytes into packets of whole frames. Pure: no I/O, no clock. */
import { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { FRAME_HEAD_BYTES, readU32 } from "./frame.ts";

/** For a frame that spans slices, so much is reserved at once; beyond, only what has been received. */
const RESERVED_BYTES = 64 * 1024;
/** Slices of a long frame under this size are gathered, so that a drip of bytes does not cost an object each. */
const SMALL_SLICE_BYTES = 4 * 1024;
const GATHERED_BYTES = 16 * 1024;

/**
 * Feed it any slices of the stream; it hands out views of them, cut at frame boundaries. Only a frame that
 * spans slices is joined, once. Frames before a wrong length are still handed out; a splitter that threw is
 * finished: abort its link.
 */
export class FrameSplitter {
  /** Frames longer than this are refused from their first four bytes. May be raised at any time, also by who hears a packet. */
  maxFrameBytes: number;

  /** The unfinished frame: bytes received of it, and its first four until its length is known. */
  #held = 0;
  readonly #head = new Uint8Array(4);
  #length = 0;
  /** The frame being filled when it is short; otherwise its slices in order, the small ones gathered. */
  #target: Uint8Array | undefined;
  #slices: Uint8Array[] = [];
  #gathered: Uint8Array | undefined;
  #gatheredBytes = 0;

  /** @param maxFrameBytes Default `LIMITS.frameBytes`. */
  constructor(maxFrameBytes: number = LIMITS.frameBytes) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Bytes of an unfinished frame; above 0 at the end of the stream means it was cut. */
  get heldBytes(): number {
    return this.#held;
  }

  /**
   * @param chunk Any slice of the stream, never modified afterwards.
   * @param onPacket Hears each packet: one or more whole frames, mostly views of `chunk`.
   * @throws {MeshError} `malformed-frame` or `too-large` as soon as a length is known to be wrong.
   */
  push(chunk: Uint8Array, onPacket: (packet: Uint8Array) => void): void {
    let at = 0;
    if (this.#held > 0) {
      at = this.#continue(chunk);
      if (this.#held < 4 || this.#held < this.#length) return;
      const packet = this.#finish();
      onPacket(packet);
    }
    const start = at;
    const end = chunk.length;
    const maxFrameBytes = this.maxFrameBytes;
    let wrong: MeshError | undefined;
    // Once for every frame that arrives: no calls that are not inlined, no getters.
    while (at + 4 <= end) {
      const length = readU32(chunk, at);
      if (length < FRAME_HEAD_BYTES || length > maxFrameBytes) {
        wrong = this.#refusal(chunk, at, length);
        break;
      }
      if (at + length > end) break;
      at += length;
    }
    if (at > start) onPacket(start === 0 && at === end ? chunk : chunk.subarray(start, at));
    if (wrong) {
      // What was just handed out may have raised the limit: the last frame of a handshake does.
      if (this.maxFrameBytes > maxFrameBytes) return this.push(chunk.subarray(at), onPacket);
      throw wrong;
    }
    if (at < end) this.#continue(chunk.subarray(at));
  }

  /** Take what the unfinished frame still needs. @returns How many bytes of `chunk` that was. */
  #continue(chunk: Uint8Array): number {
    let at = 0;
    if (this.#held < 4) {
      while (this.#held < 4 && at < chunk.byteLength) this.#head[this.#held++] = chunk[at++]!;
      if (this.#held < 4) return at;
      this.#length = readU32(this.#head, 0);
      if (this.#length < FRAME_HEAD_BYTES || this.#length > this.maxFrameBytes) {
        throw this.#refusal(this.#head, 0, this.#length);
      }
      if (this.#length <= RESERVED_BYTES) this.#target = new Uint8Array(this.#length);
      this.#held = 0;
      this.#hold(this.#head);
    }
    const taken = Math.min(this.#length - this.#held, chunk.byteLength - at);
    if (taken > 0) this.#hold(taken === chunk.byteLength ? chunk : chunk.subarray(at, at + taken));
    return at + taken;
  }

  #hold(slice: Uint8Array): void {
    const bytes = slice.byteLength;
    if (this.#target) this.#target.set(slice, this.#held);
    else if (bytes >= SMALL_SLICE_BYTES) {
      this.#putGathered();
      this.#slices.push(slice);
    } else {
      if (this.#gatheredBytes + bytes > GATHERED_BYTES) this.#putGathered();
      this.#gathered ??= new Uint8Array(GATHERED_BYTES);
      this.#gathered.set(slice, this.#gatheredBytes);
      this.#gatheredBytes += bytes;
    }
    this.#held += bytes;
  }

  #putGathered(): void {
    if (this.#gatheredBytes === 0) return;
    this.#slices.push(this.#gathered!.slice(0, this.#gatheredBytes));
    this.#gatheredBytes = 0;
  }

  #finish(): Uint8Array {
    let packet = this.#target;
    if (!packet) {
      this.#putGathered();
      packet = new Uint8Array(this.#length);
      let at = 0;
      for (const slice of this.#slices) {
        packet.set(slice, at);
        at += slice.byteLength;
      }
    }
    this.#target = undefined;
    this.#slices = [];
    this.#gathered = undefined;
    this.#held = 0;
    this.#length = 0;
    return packet;
  }

  #refusal(bytes: Uint8Array, at: number, length: number): MeshError {
    const other = otherProtocol(bytes, at);
    if (other) return new MeshError("malformed-frame", `this is not a frame: it looks like ${other}`);
    if (length < FRAME_HEAD_BYTES) {
      return new MeshError("malformed-frame", `a frame of ${length} bytes is shorter than its head`);
    }
    return new MeshError(
      "too-large",
      `a frame claims ${length} bytes, more than the ${this.maxFrameBytes} allowed here`,
    );
  }
}

/** What else begins with these four bytes; all of them are lengths far above any limit of ours. */
function otherProtocol(bytes: Uint8Array, at: number): string | undefined {
  const start = String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!);
  if (/^(GET |HEAD|POST|PUT |DELE|OPTI|PATC|TRAC|CONN|PRI |HTTP)$/.test(start)) return "HTTP";
  if (start.startsWith("\x16\x03")) return "TLS";
  if (start === "SSH-") return "SSH";
  return undefined;
}
