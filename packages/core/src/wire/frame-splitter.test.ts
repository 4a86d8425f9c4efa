import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { writeU32 } from "./frame.ts";
import { FrameSplitter } from "./frame-splitter.ts";

/** A frame of `length` bytes whose body tells where it belongs. */
function frame(length: number, fill = length): Uint8Array {
  const bytes = new Uint8Array(length).fill(fill);
  writeU32(bytes, 0, length);
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.byteLength;
  }
  return joined;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** The frames of packets, one by one; fails when a packet ends inside one. */
function framesOf(packets: readonly Uint8Array[]): string[] {
  const frames: string[] = [];
  for (const packet of packets) {
    for (let at = 0; at < packet.byteLength; ) {
      const length = new DataView(packet.buffer, packet.byteOffset).getUint32(at);
      expect(at + length).toBeLessThanOrEqual(packet.byteLength);
      frames.push(hex(packet.subarray(at, at + length)));
      at += length;
    }
  }
  return frames;
}

function split(chunks: Iterable<Uint8Array>, splitter = new FrameSplitter()) {
  const packets: Uint8Array[] = [];
  let error: unknown;
  try {
    for (const chunk of chunks) splitter.push(chunk, (packet) => packets.push(packet));
  } catch (thrown) {
    error = thrown;
  }
  return { packets, error, heldBytes: splitter.heldBytes };
}

/** `bytes` in slices of the given lengths, over and over. */
function* sliced(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
    const length = lengths[turn % lengths.length]!;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

describe("FrameSplitter.push()", () => {
  it("hands out a slice of whole frames as it came", () => {
    const chunk = join([frame(8), frame(9), frame(300)]);
    const { packets, heldBytes } = split([chunk]);
    expect(packets).toHaveLength(1);
    expect(packets[0]).toBe(chunk);
    expect(heldBytes).toBe(0);
  });

  it("gives the same frames when the stream is cut at any offset", () => {
    const frames = [frame(8), frame(11), frame(8), frame(70), frame(12)];
    const stream = join(frames);
    for (let cut = 0; cut <= stream.byteLength; cut++) {
      const { packets, error, heldBytes } = split([stream.subarray(0, cut), stream.subarray(cut)]);
      expect(error).toBeUndefined();
      expect(framesOf(packets)).toEqual(frames.map(hex));
      expect(heldBytes).toBe(0);
    }
  });

  it("says how much of a frame is missing its end, at any offset", () => {
    const stream = join([frame(8), frame(30)]);
    for (let cut = 0; cut < stream.byteLength; cut++) {
      expect(split([stream.subarray(0, cut)]).heldBytes).toBe(cut < 8 ? cut : cut - 8);
    }
  });

  it("gives the same frames however the stream is sliced", () => {
    const lengths = fc.array(fc.oneof(fc.integer({ min: 8, max: 64 }), fc.integer({ min: 8, max: 200_000 })), {
      maxLength: 12,
    });
    const slices = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70_000 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(lengths, slices, (frameLengths, sliceLengths) => {
        const frames = frameLengths.map((length, index) => frame(length, index));
        const { packets, error, heldBytes } = split(sliced(join(frames), sliceLengths));
        expect(error).toBeUndefined();
        expect(framesOf(packets)).toEqual(frames.map(hex));
        expect(heldBytes).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("ends random bytes in frames or a MeshError, with the same frames first however they are sliced", () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const likely = fc.array(
      fc.oneof(
        bytes,
        fc.integer({ min: 0, max: 40 }).map((length) => {
          const start = new Uint8Array(Math.max(4, length));
          writeU32(start, 0, length);
          return start;
        }),
      ),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(
        likely,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
        (parts, lengths) => {
          const stream = join(parts);
          const whole = split([stream], new FrameSplitter(1_000));
          const pieces = split(sliced(stream, lengths), new FrameSplitter(1_000));
          if (whole.error !== undefined) expect(whole.error).toBeInstanceOf(MeshError);
          expect((pieces.error as MeshError | undefined)?.message).toBe(
            (whole.error as MeshError | undefined)?.message,
          );
          expect(framesOf(pieces.packets)).toEqual(framesOf(whole.packets));
        },
      ),
    );
  });

  it("throws malformed-frame for a length shorter than the head, after the frames before it", () => {
    for (const length of [0, 1, 7]) {
      const bad = new Uint8Array(4);
      writeU32(bad, 0, length);
      const { packets, error } = split([join([frame(9), bad])]);
      expect(error).toMatchObject({ code: "malformed-frame" });
      expect(framesOf(packets)).toEqual([hex(frame(9))]);
    }
  });

  it("throws too-large for a frame claiming 4 GiB from its first four bytes, whole or one at a time", () => {
    const claim = Uint8Array.of(0xff, 0xff, 0xff, 0xff);
    expect(split([claim]).error).toMatchObject({ code: "too-large" });
    const drip = [...claim].map((byte) => Uint8Array.of(byte));
    expect(split(drip).error).toMatchObject({
      code: "too-large",
      message: `[too-large] a frame claims 4294967295 bytes, more than the ${LIMITS.frameBytes} allowed here`,
    });
  });

  it("takes a frame of exactly the limit, refuses one byte more, and lets the limit change", () => {
    const splitter = new FrameSplitter(64);
    expect(split([frame(64)], splitter).error).toBeUndefined();
    expect(split([frame(65)], splitter).error).toMatchObject({ code: "too-large" });
    const raised = new FrameSplitter(64);
    raised.maxFrameBytes = 65;
    expect(split([frame(65)], raised).error).toBeUndefined();
  });

  it("says what the other side seems to speak", () => {
    const text = (start: string): unknown => split([Buffer.from(start)]).error;
    expect(text("GET / HTTP/1.1\r\n")).toMatchObject({ message: expect.stringContaining("looks like HTTP") });
    expect(text("OPTIONS *")).toMatchObject({ code: "malformed-frame", message: expect.stringContaining("HTTP") });
    expect(text("\x16\x03\x01\x02\x00")).toMatchObject({ message: expect.stringContaining("looks like TLS") });
    expect(text("SSH-2.0")).toMatchObject({ message: expect.stringContaining("looks like SSH") });
  });

  it("reserves little for long frames that were only announced", () => {
    const announced = new Uint8Array(100);
    writeU32(announced, 0, LIMITS.frameBytes);
    const before = process.memoryUsage().arrayBuffers;
    const splitters = Array.from({ length: 200 }, () => {
      const splitter = new FrameSplitter();
      splitter.push(announced.slice(), () => expect.unreachable());
      return splitter;
    });
    expect(splitters.map((splitter) => splitter.heldBytes)).toEqual(splitters.map(() => 100));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 64 * 1024);
  });

  it("puts together a long frame that drips in byte by byte", () => {
    const splitter = new FrameSplitter();
    const bytes = frame(1024 * 1024);
    let packet: Uint8Array | undefined;
    for (let at = 0; at < bytes.byteLength; at++)
      splitter.push(bytes.subarray(at, at + 1), (whole) => (packet = whole));
    expect(Buffer.compare(packet!, bytes)).toBe(0);
  });

  it("push() takes a long frame in the same chunk as the one whose hearer raised the limit", () => {
    const splitter = new FrameSplitter(16);
    const chunk = new Uint8Array(8 + 100);
    chunk.set([0, 0, 0, 8], 0);
    chunk.set([0, 0, 0, 100], 8);
    const lengths: number[] = [];
    splitter.push(chunk, (packet) => {
      lengths.push(packet.byteLength);
      splitter.maxFrameBytes = 1_000;
    });
    expect(lengths).toEqual([8, 100]);
  });
});
