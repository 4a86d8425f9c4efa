/**
 * The head every frame begins with. A frame carries its own length, so packets are just frames back to back.
 *
 *   offset 0, 4 bytes: length   of the whole frame in bytes, head included, unsigned big-endian, 8 or more
 *   offset 4, 1 byte:  type     see `FrameType`; bit 7 set: ignore the frame when the type is unknown
 *   offset 5, 1 byte:  flags    meaning depends on the type
 *   offset 6, 1 byte:  lane     0 control, 1 reliable, 2 volatile, 3 bulk
 *   offset 7, 1 byte:  hops     hops left of a unicast; 0 elsewhere
 *   offset 8:          body
 */
export const FRAME_HEAD_BYTES = 8;

/** Set in a type: a receiver that does not know it ignores the frame; without it, the edge closes. */
export const SKIPPABLE = 0x80;

export const FrameType = {
  hello: 0x01,
  introduce: 0x02,
  accept: 0x03,
  refuse: 0x04,
  goodbye: 0x05,
  ping: 0x06,
  pong: 0x07,
  away: 0x08,
  drain: 0x09,
  ticket: 0x0a,
  record: 0x10,
  share: 0x11,
  digest: 0x12,
  synced: 0x13,
  interest: 0x14,
  flow: 0x20,
  attach: 0x21,
  attached: 0x22,
  detach: 0x23,
  start: 0x24,
  gap: 0x25,
  skip: 0x26,
  data: 0x27,
  end: 0x28,
  refused: 0x29,
  unicast: 0x30,
  bounce: 0x31,
  denied: 0x32,
} as const;

export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export const Lane = { control: 0, reliable: 1, volatile: 2, bulk: 3 } as const;
export type Lane = (typeof Lane)[keyof typeof Lane];

// Views for reading and one for writing, made anew only when the buffer changes: numbers are read and written several
// times for every frame, and a DataView does it in one instruction. Reading goes back and forth between the packet that
// came and the log, so the view before the last is kept too.
let readBytes: Uint8Array = new Uint8Array(0);
let readView: DataView = new DataView(readBytes.buffer);
let otherBytes = readBytes;
let otherView = readView;
let writtenBytes: Uint8Array = new Uint8Array(0);
let writtenView: DataView = new DataView(writtenBytes.buffer);

function reading(bytes: Uint8Array): DataView {
  if (bytes !== readBytes) {
    const view = bytes === otherBytes ? otherView : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    otherBytes = readBytes;
    otherView = readView;
    readBytes = bytes;
    readView = view;
  }
  return readView;
}

function writing(bytes: Uint8Array): DataView {
  if (bytes !== writtenBytes) {
    writtenBytes = bytes;
    writtenView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return writtenView;
}

/** Unsigned 32 bits, big-endian. @throws {RangeError} past the end: the caller knows how much there is. */
export function readU32(bytes: Uint8Array, at: number): number {
  return reading(bytes).getUint32(at);
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  writing(bytes).setUint32(at, value);
}

/** Unsigned integer up to 2^53 - 1 in 8 bytes, big-endian. @throws {RangeError} past the end. */
export function readU53(bytes: Uint8Array, at: number): number {
  const view = reading(bytes);
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}

export function writeU53(bytes: Uint8Array, at: number, value: number): void {
  const view = writing(bytes);
  view.setUint32(at, Math.floor(value / 0x1_0000_0000));
  view.setUint32(at + 4, value >>> 0);
}

/** Write a frame's head at `at`. Plain arguments, no object: this runs once for every message. */
export function writeHead(
  bytes: Uint8Array,
  at: number,
  length: number,
  type: FrameType,
  flags: number,
  lane: Lane,
  hops: number,
): void {
  writeU32(bytes, at, length);
  bytes[at + 4] = type;
  bytes[at + 5] = flags;
  bytes[at + 6] = lane;
  bytes[at + 7] = hops;
}
