import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../base/limits.ts";
import { seq as anySeq } from "./arbitraries.fixture.ts";
import {
  DATA_HEAD_BYTES,
  dataFlow,
  dataHeadBytes,
  dataHeaders,
  dataIsRaw,
  dataPayloadFrom,
  dataPublishedAtMs,
  dataSeq,
  Lane,
  plainDataBytes,
  readU32,
  writeDataHead,
  writeU32,
} from "./index.ts";
import { fromHex, hex } from "./vectors.fixture.ts";

const frameOf = (headers: Uint8Array | undefined, payload: Uint8Array, at = 0, seq = 1): Uint8Array => {
  const head = dataHeadBytes(headers);
  const bytes = new Uint8Array(at + head + payload.byteLength);
  writeDataHead(bytes, at, Lane.reliable, 7, seq, 1_700_000_000_000.123, false, headers, payload.byteLength);
  bytes.set(payload, at + head);
  return bytes;
};

describe("data frames", () => {
  it("give back what was written, at any offset of a packet", () => {
    const some = fc.uint8Array({ maxLength: 50 });
    const headers = fc.option(some, { nil: undefined });
    const micros = fc.maxSafeNat();
    fc.assert(
      fc.property(
        headers,
        some,
        fc.maxSafeNat(),
        anySeq,
        micros,
        fc.boolean(),
        fc.integer({ min: 0, max: 40 }),
        (...row) => {
          const [map, payload, flow, seq, publishedAtMicros, raw, at] = row;
          const head = dataHeadBytes(map);
          const bytes = new Uint8Array(at + head + payload.byteLength).fill(0xee);
          writeDataHead(bytes, at, Lane.volatile, flow, seq, publishedAtMicros / 1000, raw, map, payload.byteLength);
          const length = readU32(bytes, at);
          expect(length).toBe(head + payload.byteLength);
          expect(dataPayloadFrom(bytes, at, length)).toBe(at + head);
          expect([dataFlow(bytes, at), dataSeq(bytes, at), dataIsRaw(bytes, at)]).toEqual([flow, seq, raw]);
          expect(Math.abs(dataPublishedAtMs(bytes, at) * 1000 - publishedAtMicros)).toBeLessThan(2);
          expect(dataHeaders(bytes, at)).toEqual(map);
        },
      ),
    );
  });

  it("keep the microseconds of today's clock", () => {
    expect(dataPublishedAtMs(frameOf(undefined, new Uint8Array(0)), 0)).toBe(1_700_000_000_000.123);
  });

  it("shorter than their head are malformed", () => {
    for (let length = 8; length < DATA_HEAD_BYTES; length++) {
      expect(() => dataPayloadFrom(new Uint8Array(length), 0, length)).toThrow(
        `a data frame of ${length} bytes is shorter`,
      );
    }
  });

  it("are bounded by their own length, not by the packet they lie in", () => {
    const frame = frameOf(fromHex("aabb"), new Uint8Array(0));
    const packet = new Uint8Array(frame.byteLength + 100);
    packet.set(frame);
    expect(dataPayloadFrom(packet, 0, frame.byteLength)).toBe(frame.byteLength);
    writeU32(packet, DATA_HEAD_BYTES, 3);
    expect(() => dataPayloadFrom(packet, 0, frame.byteLength)).toThrow("a header map passes the end of its frame");
  });

  it("end before their header map are malformed, and a header map above 64 KiB is too large", () => {
    const frame = frameOf(fromHex("aabb"), new Uint8Array(0));
    for (let length = DATA_HEAD_BYTES; length < DATA_HEAD_BYTES + 4; length++) {
      expect(() => dataPayloadFrom(frame, 0, length)).toThrow("a data frame ends before its header map");
    }
    writeU32(frame, DATA_HEAD_BYTES, LIMITS.headerBytes + 1);
    expect(() => dataPayloadFrom(frame, 0, frame.byteLength)).toThrow("[too-large] a header map of 65537 bytes");
  });

  it("numbered above 2^52 are malformed, so that no counter ever stands still", () => {
    expect(dataSeq(frameOf(undefined, new Uint8Array(0), 0, 2 ** 52), 0)).toBe(2 ** 52);
    const beyond = frameOf(undefined, new Uint8Array(0), 0, 2 ** 52 + 1);
    expect(() => dataSeq(beyond, 0)).toThrow(
      "[malformed-frame] a message is numbered 4503599627370497, above 4503599627370496",
    );
    beyond.fill(0xff, 16, 24);
    expect(() => dataSeq(beyond, 0)).toThrow("[malformed-frame]");
  });

  it("follow on one another in a packet while they are whole, plain, and the next of their flow", () => {
    const payload = fromHex("aabbcc");
    const frame = frameOf(undefined, payload, 0, 5);
    const length = frame.byteLength;
    expect(plainDataBytes(frame, 0, 7, 5)).toBe(length);
    for (let cut = 0; cut < length; cut++) expect(plainDataBytes(frame.subarray(0, cut), 0, 7, 5)).toBe(0);
    expect(plainDataBytes(frame, 0, 8, 5)).toBe(0);
    for (const seq of [4, 6]) expect(plainDataBytes(frame, 0, 7, seq)).toBe(0);
    expect(plainDataBytes(frameOf(fromHex("80"), payload, 0, 5), 0, 7, 5)).toBe(0);
    expect(plainDataBytes(frameOf(undefined, payload, 0, 2 ** 52 + 1), 0, 7, 2 ** 52 + 1)).toBe(0);
    for (const claimed of [0, DATA_HEAD_BYTES - 1, length + 1, 0xffff_ffff]) {
      const lying = frame.slice();
      writeU32(lying, 0, claimed);
      expect(plainDataBytes(lying, 0, 7, 5)).toBe(0);
    }
    const other = frame.slice();
    other[4] = 0x20;
    expect(plainDataBytes(other, 0, 7, 5)).toBe(0);
  });

  it("copy nothing: header map and payload are views", () => {
    const frame = frameOf(fromHex("aabb"), fromHex("cc"));
    expect(dataHeaders(frame, 0)!.buffer).toBe(frame.buffer);
    expect(hex(frame.subarray(dataPayloadFrom(frame, 0, frame.byteLength)))).toBe("cc");
  });
});
