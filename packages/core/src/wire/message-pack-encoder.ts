/**
 * MessagePack, writing (https://github.com/msgpack/msgpack/blob/master/spec.md): the shortest form of every value, a Date as a
 * timestamp, any view as binary. Knows nothing of messages.
 */
import { LIMITS } from "../base/limits.ts";
import { utf8 } from "../base/platform.ts";

/** Up to this length texts are written byte by byte; beyond, one call of the platform's encoder is quicker. */
const SHORT_TEXT = 32;

/** What is reserved at first, and what is kept for the next value at most, in bytes. */
const FIRST_BYTES = 2 * 1024;
const KEPT_BYTES = 1024 * 1024;

/** Most bytes that a head takes: of a text, of binary, of a timestamp. */
const HEAD_BYTES = 6;

export class MessagePackEncoder {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** @returns A view that the next call overwrites. @throws {TypeError} for what has no form, or nests too deep. */
  encode(value: unknown): Uint8Array {
    this.#at = 0;
    if (this.#bytes.byteLength > KEPT_BYTES) this.#use(new Uint8Array(FIRST_BYTES));
    this.#value(value, 0);
    return this.#bytes.subarray(0, this.#at);
  }

  /** @param depth How many arrays and maps are around it. */
  #value(value: unknown, depth: number): void {
    this.#reserve(9);
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return Number.isSafeInteger(value) ? this.#integer(value) : this.#float(value);
      case "boolean":
        return this.#byte(value ? 0xc3 : 0xc2);
      case "undefined":
        return this.#byte(0xc0);
      case "object":
        return value === null ? this.#byte(0xc0) : this.#object(value, depth);
      default:
        throw new TypeError(`a ${typeof value}`);
    }
  }

  #object(value: object, depth: number): void {
    if (Array.isArray(value)) {
      const { length } = value;
      checkDepth(length, depth);
      this.#head(0x90, 15, 0xdc, length);
      for (let i = 0; i < length; i++) this.#value(value[i], depth + 1);
    } else if (ArrayBuffer.isView(value)) this.#binary(value);
    else if (value instanceof Date) this.#date(value.getTime());
    else {
      refuseEmpty(value);
      const keys = Object.keys(value);
      checkDepth(keys.length, depth);
      this.#head(0x80, 15, 0xde, keys.length);
      for (const key of keys) {
        this.#text(key);
        this.#value((value as Record<string, unknown>)[key], depth + 1);
      }
    }
  }

  #integer(value: number): void {
    const at = this.#at;
    const view = this.#view;
    if (value >= 0) {
      if (value < 0x80) this.#byte(value);
      else if (value < 0x100) {
        this.#byte(0xcc);
        this.#byte(value);
      } else if (value < 0x1_0000) {
        this.#byte(0xcd);
        view.setUint16(at + 1, value);
        this.#at = at + 3;
      } else if (value < 0x1_0000_0000) {
        this.#byte(0xce);
        view.setUint32(at + 1, value);
        this.#at = at + 5;
      } else this.#wide(0xcf, value);
    } else if (value >= -0x20) this.#byte(value & 0xff);
    else if (value >= -0x80) {
      this.#byte(0xd0);
      this.#byte(value & 0xff);
    } else if (value >= -0x8000) {
      this.#byte(0xd1);
      view.setInt16(at + 1, value);
      this.#at = at + 3;
    } else if (value >= -0x8000_0000) {
      this.#byte(0xd2);
      view.setInt32(at + 1, value);
      this.#at = at + 5;
    } else this.#wide(0xd3, value);
  }

  /** 64 bits, of either sign. */
  #wide(form: number, value: number): void {
    this.#byte(form);
    this.#view.setInt32(this.#at, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(this.#at + 4, value >>> 0);
    this.#at += 8;
  }

  #float(value: number): void {
    this.#byte(0xcb);
    this.#view.setFloat64(this.#at, value);
    this.#at += 8;
  }

  #text(text: string): void {
    const { length } = text;
    this.#reserve(HEAD_BYTES + length * 3);
    const bytes = this.#bytes;
    if (length <= SHORT_TEXT) {
      // Nearly all keys and most short texts are ASCII: a byte each.
      const from = this.#at + (length < 32 ? 1 : 2);
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) break;
        bytes[from + i] = code;
      }
      if (i === length) {
        this.#textHead(length);
        this.#at += length;
        return;
      }
    }
    const start = this.#at;
    const written = utf8.encodeInto(text, bytes.subarray(start + HEAD_BYTES));
    this.#textHead(written);
    bytes.copyWithin(this.#at, start + HEAD_BYTES, start + HEAD_BYTES + written);
    this.#at += written;
  }

  #textHead(byteLength: number): void {
    if (byteLength < 32 || byteLength > 0xff) return this.#head(0xa0, 31, 0xda, byteLength);
    this.#byte(0xd9);
    this.#byte(byteLength);
  }

  #binary({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    if (byteLength < 0x100) {
      this.#byte(0xc4);
      this.#byte(byteLength);
    } else this.#head(0, -1, 0xc5, byteLength);
    this.#reserve(byteLength);
    this.#bytes.set(new Uint8Array(buffer, byteOffset, byteLength), this.#at);
    this.#at += byteLength;
  }

  /** Extension -1: seconds, and nanoseconds where there are any or the seconds need more than 32 bits. */
  #date(ms: number): void {
    if (Number.isNaN(ms)) throw new TypeError("a Date that is none");
    const seconds = Math.floor(ms / 1000);
    const nanos = (ms - seconds * 1000) * 1e6;
    this.#reserve(HEAD_BYTES + 9);
    if (seconds >= 0 && seconds < 2 ** 34) {
      const isShort = nanos === 0 && seconds < 2 ** 32;
      this.#byte(isShort ? 0xd6 : 0xd7);
      this.#byte(0xff);
      if (!isShort) this.#u32(nanos * 4 + Math.floor(seconds / 2 ** 32));
      this.#u32(seconds % 2 ** 32);
    } else {
      this.#byte(0xc7);
      this.#byte(12);
      this.#byte(0xff);
      this.#u32(nanos);
      this.#u32(Math.floor(seconds / 2 ** 32));
      this.#u32(seconds);
    }
  }

  /** A head with a count: in one byte up to `most`, else in 16 bits after `form`, or in 32 after the one that follows it. */
  #head(short: number, most: number, form: number, count: number): void {
    if (count <= most) this.#byte(short | count);
    else if (count < 0x1_0000) {
      this.#byte(form);
      this.#view.setUint16(this.#at, count);
      this.#at += 2;
    } else {
      this.#byte(form + 1);
      this.#u32(count);
    }
  }

  #byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  #u32(value: number): void {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.byteLength) return;
    const bigger = new Uint8Array(Math.max(needed, this.#bytes.byteLength * 2));
    bigger.set(this.#bytes.subarray(0, this.#at));
    this.#use(bigger);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function checkDepth(count: number, depth: number): void {
  if (count > 0 && depth >= LIMITS.payloadDepth)
    throw new TypeError(`nested deeper than ${LIMITS.payloadDepth} levels`);
}

/** What would arrive as an empty map. */
function refuseEmpty(value: object): void {
  if (value instanceof Map) throw new TypeError("a Map; send Object.fromEntries(map), or [...map]");
  if (value instanceof Set) throw new TypeError("a Set; send [...set]");
  if (value instanceof Promise) throw new TypeError("a Promise; await it first");
}
