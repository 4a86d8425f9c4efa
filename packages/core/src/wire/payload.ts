/**
 * Payloads: `Uint8Array` travels as it is, everything else as MessagePack. One encoder and one decoder are reused
 * (a fresh one per message costs more than half the speed). Before decoding, a scan of our own checks nesting and that
 * every length claimed is there: the decoder would follow any nesting, and reserve memory for any claim.
 */
import { Decoder, Encoder, ExtensionCodec } from "@msgpack/msgpack";
import { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { readU32 } from "./frame.ts";

/** Refuses what the library would make an empty map of. Dates are its own business. */
class PlainCodec extends ExtensionCodec {
  override tryToEncode(value: unknown, context: undefined): ReturnType<ExtensionCodec["tryToEncode"]> {
    if (value instanceof Map) throw new TypeError("a Map; send Object.fromEntries(map), or [...map]");
    if (value instanceof Set) throw new TypeError("a Set; send [...set]");
    if (value instanceof Promise) throw new TypeError("a Promise; await it first");
    return super.tryToEncode(value, context);
  }
}

// The library counts a value inside 64 arrays as the 65th level.
const encoder = new Encoder({
  maxDepth: LIMITS.payloadDepth + 1,
  ignoreUndefined: false,
  extensionCodec: new PlainCodec(),
});
const decoder = new Decoder();

/**
 * MessagePack of `value`. The bytes are a view that the next call overwrites: copy them before anything else runs.
 * @throws {TypeError} for what cannot be encoded: functions, symbols, maps and sets, promises, cycles, nesting deeper than 64.
 */
export function encodeShared(value: unknown): Uint8Array {
  try {
    return encoder.encodeSharedRef(value);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(
      `data cannot be encoded as MessagePack (${why}); send plain values, at most ${LIMITS.payloadDepth} levels deep`,
      { cause },
    );
  }
}

/** MessagePack of `value` in bytes of its own. @throws {TypeError} as above. */
export function encodePayload(value: unknown): Uint8Array {
  return encodeShared(value).slice();
}

/**
 * The value in `bytes`. Binary parts of it are views of them.
 * @throws {MeshError} `malformed-payload` when the bytes are no MessagePack or nest deeper than 64.
 */
export function decodePayload(bytes: Uint8Array): unknown {
  return decode(bytes, false);
}

/** As `decodePayload`, of bytes that are somebody else's: the value shares nothing with them. */
export function decodeBorrowed(bytes: Uint8Array): unknown {
  return decode(bytes, true);
}

function decode(bytes: Uint8Array, isBorrowed: boolean): unknown {
  try {
    const hasBinary = checkShape(bytes);
    return decoder.decode(isBorrowed && hasBinary ? bytes.slice() : bytes);
  } catch (cause) {
    if (cause instanceof MeshError) throw cause;
    throw new MeshError(
      "malformed-payload",
      `not MessagePack: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** How many values each open container still lacks, outermost first. Reused: decoding is synchronous. */
const open = new Float64Array(LIMITS.payloadDepth);

/**
 * Follows the structure of the one value in `bytes` without building anything. Every value takes at least a byte, so
 * claims that pass are no larger than what was received. Bytes that stand for nothing are left to the decoder.
 * @returns Whether there is anything binary in it.
 */
function checkShape(bytes: Uint8Array): boolean {
  const end = bytes.byteLength;
  let hasBinary = false;
  let depth = 0;
  let at = 0;
  /** Values announced and not yet seen, in all open containers together. */
  let owed = 1;
  while (owed > 0) {
    if (owed > end - at) throw new MeshError("malformed-payload", `it claims more than its ${end} bytes hold`);
    const byte = bytes[at]!;
    let items = 0;
    at += 1;
    owed -= 1;
    if (byte >= 0x80 && byte <= 0x8f) items = (byte & 0x0f) * 2;
    else if (byte >= 0x90 && byte <= 0x9f) items = byte & 0x0f;
    else if (byte >= 0xa0 && byte <= 0xbf) at += byte & 0x1f;
    else if (byte >= 0xc4) {
      if (byte <= 0xc9 || (byte >= 0xd4 && byte <= 0xd8)) hasBinary = true;
      const length = LENGTH_BYTES[byte - 0xc4]!;
      const count = length === 0 ? 0 : readLength(bytes, at, length);
      at += length + EXTRA_BYTES[byte - 0xc4]!;
      if (byte === 0xdc || byte === 0xdd) items = count;
      else if (byte === 0xde || byte === 0xdf) items = count * 2;
      else at += count;
    }
    if (items > 0) {
      if (depth === LIMITS.payloadDepth) {
        throw new MeshError("malformed-payload", `nested deeper than ${LIMITS.payloadDepth} levels`);
      }
      open[depth++] = items;
      owed += items;
      continue;
    }
    while (depth > 0 && --open[depth - 1]! === 0) depth--;
  }
  if (at !== end) {
    throw new MeshError(
      "malformed-payload",
      at > end ? `it claims more than its ${end} bytes hold` : `${end - at} bytes follow its value`,
    );
  }
  return hasBinary;
}

/** A length of 1, 2 or 4 bytes; what is cut off counts as 0 and is found missing by the caller. */
function readLength(bytes: Uint8Array, at: number, length: number): number {
  if (length === 1) return bytes[at] ?? 0;
  if (length === 2) return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return at + 4 <= bytes.byteLength ? readU32(bytes, at) : 0;
}

// Per first byte from 0xc4: how many bytes of length follow, and how many bytes beside it and what it counts.
// 0xc4-c6 bin, c7-c9 ext (one more for its type), ca/cb float, cc-cf uint, d0-d3 int, d4-d8 fixext, d9-db str, dc-dd array, de-df map.
const LENGTH_BYTES = new Uint8Array(0x100 - 0xc4);
const EXTRA_BYTES = new Uint8Array(0x100 - 0xc4);
for (const [first, lengthBytes, extra] of [
  [0xc4, 1, 0],
  [0xc5, 2, 0],
  [0xc6, 4, 0],
  [0xc7, 1, 1],
  [0xc8, 2, 1],
  [0xc9, 4, 1],
  [0xca, 0, 4],
  [0xcb, 0, 8],
  [0xcc, 0, 1],
  [0xcd, 0, 2],
  [0xce, 0, 4],
  [0xcf, 0, 8],
  [0xd0, 0, 1],
  [0xd1, 0, 2],
  [0xd2, 0, 4],
  [0xd3, 0, 8],
  [0xd4, 0, 2],
  [0xd5, 0, 3],
  [0xd6, 0, 5],
  [0xd7, 0, 9],
  [0xd8, 0, 17],
  [0xd9, 1, 0],
  [0xda, 2, 0],
  [0xdb, 4, 0],
  [0xdc, 2, 0],
  [0xdd, 4, 0],
  [0xde, 2, 0],
  [0xdf, 4, 0],
] as const) {
  LENGTH_BYTES[first - 0xc4] = lengthBytes;
  EXTRA_BYTES[first - 0xc4] = extra;
}
