/**
 * MessagePack, reading (https://github.com/msgpack/msgpack/blob/master/spec.md). The bytes may come from a stranger: every value
 * takes at least a byte, so what the open arrays and maps claim is held against the bytes that are left, before anything is
 * reserved for it, and nesting is bounded. Decoding calls nobody, so the state is the module's.
 */
import { copyOf } from "../base/copy-of.ts";
import { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { utf8 } from "../base/platform.ts";

const NOTHING = new Uint8Array(0);
const NO_VIEW = new DataView(NOTHING.buffer);

let bytes: Uint8Array = NOTHING;
let view: DataView = NO_VIEW;
let at = 0;
let end = 0;
/** Binary is copied, since the bytes are somebody else's. */
let isBorrowed = false;
/** Values announced and not yet seen, in all open arrays and maps together. */
let owed = 1;

/** The one value in `input`; binary is a view of it, or a copy where it is borrowed. @throws {MeshError} `malformed-payload` */
export function decodeMessagePack(input: Uint8Array, borrowed: boolean): unknown {
  bytes = input;
  isBorrowed = borrowed;
  view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  at = 0;
  end = input.byteLength;
  owed = 1;
  try {
    const value = readValue(0);
    if (at !== end) throw malformed(`${end - at} bytes follow its value`);
    return value;
  } finally {
    bytes = NOTHING;
    view = NO_VIEW;
  }
}

/** @param depth How many arrays and maps are around it. */
function readValue(depth: number): unknown {
  if (owed > end - at) throw tooShort();
  const form = bytes[at++]!;
  owed--;
  if (form < 0x80) return form;
  if (form < 0x90) return readMap(form & 0x0f, depth);
  if (form < 0xa0) return readArray(form & 0x0f, depth);
  if (form < 0xc0) return readText(form & 0x1f);
  if (form >= 0xe0) return form - 0x100;
  switch (form) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return readBinary(readUnsigned(1 << (form - 0xc4)));
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return readExtension(readUnsigned(1 << (form - 0xc7)));
    case 0xca:
      return view.getFloat32(take(4));
    case 0xcb:
      return view.getFloat64(take(8));
    case 0xcc:
    case 0xcd:
    case 0xce:
      return readUnsigned(1 << (form - 0xcc));
    case 0xcf:
      return readUnsigned(4) * 0x1_0000_0000 + readUnsigned(4);
    case 0xd0:
      return view.getInt8(take(1));
    case 0xd1:
      return view.getInt16(take(2));
    case 0xd2:
      return view.getInt32(take(4));
    case 0xd3:
      return readInt64();
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return readExtension(1 << (form - 0xd4));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return readText(readUnsigned(1 << (form - 0xd9)));
    case 0xdc:
    case 0xdd:
      return readArray(readUnsigned(2 << (form - 0xdc)), depth);
    case 0xde:
    case 0xdf:
      return readMap(readUnsigned(2 << (form - 0xde)), depth);
    default:
      throw notMessagePack(`the byte 0x${form.toString(16)} begins nothing`);
  }
}

/** An array reserves so many places at most; beyond, it grows with what is really there. */
const RESERVED_ITEMS = 1_024;

function readArray(count: number, depth: number): unknown[] {
  announce(count, count, depth);
  const array: unknown[] = new Array(Math.min(count, RESERVED_ITEMS));
  for (let i = 0; i < count; i++) array[i] = readValue(depth + 1);
  return array;
}

function readMap(count: number, depth: number): Record<string, unknown> {
  announce(count, count * 2, depth);
  const map: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) {
    const key = readKey(depth);
    map[key] = readValue(depth + 1);
  }
  return map;
}

function announce(count: number, values: number, depth: number): void {
  if (count > 0 && depth >= LIMITS.payloadDepth) throw malformed(`nested deeper than ${LIMITS.payloadDepth} levels`);
  owed += values;
  if (owed > end - at) throw tooShort();
}

/** Keys come again and again: the text of one seen lately, by its length and its last byte. */
const KEYS = 512;
const keyBytes: Uint8Array[] = new Array(KEYS).fill(NOTHING);
const keyTexts: string[] = new Array(KEYS).fill("");

function readKey(depth: number): string {
  const form = at < end ? bytes[at]! : 0;
  if (form > 0xa0 && form < 0xc0) {
    const length = form & 0x1f;
    const from = at + 1;
    const slot = (length * 31 + (bytes[at + length] ?? 0) * 7) % KEYS;
    if (owed <= end - at && from + length <= end && isAt(keyBytes[slot]!, from, length)) {
      owed--;
      at = from + length;
      return keyTexts[slot]!;
    }
    const text = checkedKey(readValue(depth + 1));
    keyBytes[slot] = bytes.slice(from, at);
    keyTexts[slot] = text;
    return text;
  }
  return checkedKey(readValue(depth + 1));
}

function isAt(known: Uint8Array, from: number, length: number): boolean {
  if (known.byteLength !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[from + i]) return false;
  return true;
}

/** Others may use numbers. */
function checkedKey(key: unknown): string {
  if (typeof key === "number") return String(key);
  if (typeof key !== "string") throw notMessagePack("a key is neither a text nor a number");
  if (key === "__proto__") throw notMessagePack("the key __proto__ is not allowed");
  return key;
}

/** Up to this length texts are read byte by byte; beyond, one call of the platform's decoder is quicker. */
const SHORT_TEXT = 20;

function readText(byteLength: number): string {
  const from = take(byteLength);
  if (byteLength <= SHORT_TEXT) {
    const codes: number[] = [];
    for (let i = from; i < at && bytes[i]! < 0x80; i++) codes.push(bytes[i]!);
    if (codes.length === byteLength) return String.fromCharCode(...codes);
  }
  try {
    return utf8.decode(bytes.subarray(from, at));
  } catch (cause) {
    throw notMessagePack("a text is not valid UTF-8", cause);
  }
}

function readBinary(byteLength: number): Uint8Array {
  const from = take(byteLength);
  return isBorrowed ? copyOf(bytes, from, at) : bytes.subarray(from, at);
}

/** Extension -1 is a time; what others mean by theirs is not known here. */
function readExtension(byteLength: number): Date | { readonly type: number; readonly data: Uint8Array } {
  const type = view.getInt8(take(1));
  if (type !== -1) return { type, data: readBinary(byteLength) };
  let nanos = 0;
  let seconds: number;
  if (byteLength === 4) seconds = readUnsigned(4);
  else if (byteLength === 8) {
    const high = readUnsigned(4);
    nanos = high >>> 2;
    seconds = (high & 3) * 0x1_0000_0000 + readUnsigned(4);
  } else if (byteLength === 12) {
    nanos = readUnsigned(4);
    seconds = readInt64();
  } else throw notMessagePack(`a timestamp of ${byteLength} bytes`);
  return new Date(seconds * 1000 + nanos / 1e6);
}

function readInt64(): number {
  const from = take(8);
  return view.getInt32(from) * 0x1_0000_0000 + view.getUint32(from + 4);
}

/** An unsigned number of 1, 2 or 4 bytes. */
function readUnsigned(byteLength: number): number {
  const from = take(byteLength);
  if (byteLength === 1) return bytes[from]!;
  return byteLength === 2 ? view.getUint16(from) : view.getUint32(from);
}

function take(byteLength: number): number {
  if (byteLength > end - at) throw tooShort();
  at += byteLength;
  return at - byteLength;
}

const malformed = (detail: string): MeshError => new MeshError("malformed-payload", detail);

const tooShort = (): MeshError => malformed(`it claims more than its ${end} bytes hold`);

const notMessagePack = (why: string, cause?: unknown): MeshError =>
  new MeshError("malformed-payload", `not MessagePack: ${why}`, cause === undefined ? {} : { cause });
