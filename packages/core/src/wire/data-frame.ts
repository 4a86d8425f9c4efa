/**
 * A message of a flow. Stored, relayed and fanned out byte for byte; a relay reads no further than the number.
 *
 *   offset 0:           head     type `data`, lane reliable or volatile (see `frame.ts`)
 *     flags, bit 0:     RAW      the payload is the user's bytes; else it is MessagePack
 *     flags, bit 1:     HEADERS  a header map follows
 *     flags, bit 2:     FIRST    first fragment of a message
 *     flags, bit 3:     LAST     last fragment of a message; both are set on a whole message
 *   offset 8,  8 bytes: flow     flow number
 *   offset 16, 8 bytes: seq      number in the flow, from 1 to 2^52
 *   offset 24, 8 bytes: time     the origin's wall clock at publishing, microseconds since 1970-01-01 UTC
 *   offset 32, 4 bytes: length of the header map, when HEADERS, then the map in MessagePack
 *   then:               payload
 */
import { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { FrameType, type Lane, readU32, readU53, writeHead, writeU32, writeU53 } from "./frame.ts";

export const DATA_HEAD_BYTES = 32;

/** Largest number in a flow. Counting one further is still exact in a double, so nothing ever counts in place. */
export const MAX_SEQ = 2 ** 52;

const DataFlag = { raw: 1, headers: 2, first: 4, last: 8 } as const;

/** Bytes that a data frame needs before its payload. */
export function dataHeadBytes(headers: Uint8Array | undefined): number {
  return headers ? DATA_HEAD_BYTES + 4 + headers.byteLength : DATA_HEAD_BYTES;
}

/** Write everything but the payload at `at`. */
export function writeDataHead(
  bytes: Uint8Array,
  at: number,
  lane: Lane,
  flow: number,
  seq: number,
  publishedAtMs: number,
  raw: boolean,
  headers: Uint8Array | undefined,
  payloadBytes: number,
): void {
  const flags = (raw ? DataFlag.raw : 0) | (headers ? DataFlag.headers : 0) | DataFlag.first | DataFlag.last;
  writeHead(bytes, at, dataHeadBytes(headers) + payloadBytes, FrameType.data, flags, lane, 0);
  writeU53(bytes, at + 8, flow);
  writeU53(bytes, at + 16, seq);
  writeU53(bytes, at + 24, Math.round(publishedAtMs * 1000));
  if (!headers) return;
  writeU32(bytes, at + DATA_HEAD_BYTES, headers.byteLength);
  bytes.set(headers, at + DATA_HEAD_BYTES + 4);
}

export const dataFlow = (bytes: Uint8Array, at: number): number => readU53(bytes, at + 8);

/** @throws {MeshError} `malformed-frame` */
export function dataSeq(bytes: Uint8Array, at: number): number {
  const seq = readU53(bytes, at + 16);
  if (seq > MAX_SEQ) throw new MeshError("malformed-frame", `a message is numbered ${seq}, above ${MAX_SEQ}`);
  return seq;
}

/** Where the payload of the data frame of `length` bytes at `at` begins. @throws {MeshError} `malformed-frame`, `too-large` */
export function dataPayloadFrom(bytes: Uint8Array, at: number, length: number): number {
  if (length < DATA_HEAD_BYTES)
    throw new MeshError("malformed-frame", `a data frame of ${length} bytes is shorter than its head`);
  if (!(bytes[at + 5]! & DataFlag.headers)) return at + DATA_HEAD_BYTES;
  if (length < DATA_HEAD_BYTES + 4) throw new MeshError("malformed-frame", "a data frame ends before its header map");
  const headersBytes = readU32(bytes, at + DATA_HEAD_BYTES);
  if (headersBytes > LIMITS.headerBytes) throw new MeshError("too-large", `a header map of ${headersBytes} bytes`);
  if (headersBytes > length - DATA_HEAD_BYTES - 4)
    throw new MeshError("malformed-frame", "a header map passes the end of its frame");
  return at + DATA_HEAD_BYTES + 4 + headersBytes;
}

/**
 * Length of the frame at `at` when it is wholly there, number `seq` of `flow` and without headers, as the next frame of a
 * busy flow is; otherwise 0, and a closer look tells what it is.
 */
export function plainDataBytes(bytes: Uint8Array, at: number, flow: number, seq: number): number {
  const left = bytes.length - at;
  if (left < DATA_HEAD_BYTES || bytes[at + 4] !== FrameType.data || bytes[at + 5]! & DataFlag.headers) return 0;
  const length = readU32(bytes, at);
  if (length < DATA_HEAD_BYTES || length > left || seq > MAX_SEQ) return 0;
  return readU53(bytes, at + 16) === seq && readU53(bytes, at + 8) === flow ? length : 0;
}

export const dataPublishedAtMs = (bytes: Uint8Array, at: number): number => readU53(bytes, at + 24) / 1000;
export const dataIsRaw = (bytes: Uint8Array, at: number): boolean => (bytes[at + 5]! & DataFlag.raw) !== 0;

/** The encoded header map, or undefined. The frame must have passed `dataPayloadFrom`. */
export function dataHeaders(bytes: Uint8Array, at: number): Uint8Array | undefined {
  if (!(bytes[at + 5]! & DataFlag.headers)) return undefined;
  const from = at + DATA_HEAD_BYTES + 4;
  return bytes.subarray(from, from + readU32(bytes, at + DATA_HEAD_BYTES));
}
