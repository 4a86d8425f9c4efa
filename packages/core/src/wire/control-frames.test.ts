import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frames, recordBody, shareBody } from "./arbitraries.fixture.ts";
import { codeOf, decodeAny } from "./decode-any.fixture.ts";
import { control, FRAME_HEAD_BYTES, FrameType, Lane, Reader, readU32, Writer } from "./index.ts";
import { controlFrames, fromHex, hex, messages, records } from "./vectors.fixture.ts";

/** What a decoder of strangers' bytes may do: give a value, or one of these. */
const ALLOWED: unknown[] = [undefined, "malformed-frame", "too-large"];

/** What decoding says when any one byte from `from` on is another. */
function codesOfCorrupted(bytes: Uint8Array, from: number, decode: (bytes: Uint8Array) => unknown): unknown[] {
  const codes = new Set<unknown>();
  const corrupted = bytes.slice();
  for (let at = from; at < corrupted.byteLength; at++) {
    for (let value = 0; value < 256; value++) {
      corrupted[at] = value;
      codes.add(codeOf(() => decode(corrupted)));
    }
    corrupted[at] = bytes[at]!;
  }
  return [...codes];
}

describe("control frames", () => {
  it.each(frames)("%s gives back the fields it was made of", (_name, codec, fields) => {
    fc.assert(
      fc.property(fields as fc.Arbitrary<never>, (value) => {
        const frame = codec.encode(value);
        expect(readU32(frame, 0)).toBe(frame.byteLength);
        expect([frame[4], frame[5], frame[6], frame[7]]).toEqual([codec.type, 0, Lane.control, 0]);
        expect(codec.decode(frame)).toEqual(value);
      }),
      { numRuns: 50 },
    );
  });

  it.each(frames)("%s of a later version, with more at its end, still decodes", (_name, codec, fields) => {
    fc.assert(
      fc.property(fields as fc.Arbitrary<never>, fc.uint8Array({ minLength: 1, maxLength: 20 }), (value, more) => {
        const frame = codec.encode(value);
        const longer = new Uint8Array(frame.byteLength + more.byteLength);
        longer.set(frame);
        longer.set(more, frame.byteLength);
        expect(codec.decode(longer)).toEqual(value);
      }),
      { numRuns: 20 },
    );
  });

  it("a share's body gives back its fields", () => {
    fc.assert(
      fc.property(shareBody, (value) => {
        const writer = new Writer();
        control.shareBody.write(writer, value);
        expect(control.shareBody.read(new Reader(writer.finish()))).toEqual(value);
      }),
    );
  });

  it("a record's body gives back its fields", () => {
    fc.assert(
      fc.property(recordBody, (value) => {
        const writer = new Writer();
        control.recordBody.write(writer, value);
        expect(control.recordBody.read(new Reader(writer.finish()))).toEqual(value);
      }),
    );
  });

  it("a frame that cannot be encoded leaves nothing of itself in the next one", () => {
    const tooLong = "x".repeat(65);
    expect(() => control.refuse.encode({ code: tooLong, detail: "" })).toThrow(
      new RangeError("a field of 65 bytes cannot be sent; it holds at most 64"),
    );
    expect(hex(control.pong.encode({ token: 1 }))).toBe("00000010070000000000000000000001");
  });
});

describe("control frames from strangers", () => {
  it.each([...controlFrames, ...messages])("$name cut anywhere is malformed", ({ bytes, fields }) => {
    const fixed = "payload" in fields ? bytes.byteLength - (fields.payload as Uint8Array).byteLength : bytes.byteLength;
    for (let length = FRAME_HEAD_BYTES; length < fixed; length++) {
      expect([length, codeOf(() => decodeAny(bytes.subarray(0, length)))]).toEqual([length, "malformed-frame"]);
    }
  });

  it.each([...controlFrames, ...messages])("$name with any byte changed gives a value or a MeshError", ({ bytes }) => {
    expect(ALLOWED).toEqual(expect.arrayContaining(codesOfCorrupted(bytes, FRAME_HEAD_BYTES, decodeAny)));
  });

  it.each(records)("the $name with any byte changed, or cut, gives a value or a MeshError", ({ bytes, decode }) => {
    for (let at = 0; at < bytes.byteLength; at++) {
      expect(codeOf(() => decode(bytes.subarray(0, at)))).toBe("malformed-frame");
    }
    expect(ALLOWED).toEqual(expect.arrayContaining(codesOfCorrupted(bytes, 0, decode)));
  });

  it("random bytes behind any type give a value or a MeshError", () => {
    const type = fc.oneof(fc.constantFrom(...Object.values(FrameType)), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(type, fc.uint8Array({ minLength: 4, maxLength: 300 }), (frameType, body) => {
        const frame = new Uint8Array(4 + body.byteLength);
        frame.set(body, 4);
        frame[4] = frameType;
        return ALLOWED.includes(codeOf(() => decodeAny(frame)));
      }),
      { numRuns: 5_000 },
    );
  });

  it("a list that claims four billion items in a few bytes is refused before anything is made of it", () => {
    const claim = "ffffffff";
    const lists = [
      ["interest", `0000000d1400000000${claim}`],
      ["attach", `0000000c21000000${claim}`],
      ["attached", `0000000c22000000${claim}`],
      ["detach", `0000000c23000000${claim}`],
    ] as const;
    for (const [, frame] of lists) {
      expect(() => decodeAny(fromHex(frame))).toThrow("a list claims 4294967295 items in 0 bytes");
    }
  });

  it.each([
    [
      "bytes longer than their frame",
      "0000000c11000000 7fffffff",
      "a field of 2147483647 bytes is longer than the 1048576 allowed",
    ],
    ["bytes that are not there", "0000000c11000000 00000010", "a field of 16 bytes passes the end of its frame"],
    ["a text longer than allowed", "0000000a04000000 0041", "a text of 65 bytes is longer than the 64 allowed"],
    ["a text that is no UTF-8", "0000000e04000000 0002c328 0000", "a text is not valid UTF-8"],
    ["a surrogate in UTF-8", "0000000f04000000 0003eda080 0000", "a text is not valid UTF-8"],
    ["an overlong slash in UTF-8", "0000000e04000000 0002c0af 0000", "a text is not valid UTF-8"],
    ["a number above 2^53 - 1", "0000001007000000 0020000000000000", "an integer is above 9007199254740991"],
    [
      "a message number above 2^52",
      "0000001826000000 0000000000000001 0010000000000001",
      "an integer is above 4503599627370496",
    ],
    [
      "a word outside its list",
      "0000002125000000 0000000000000001 0000000000000001 0000000000000001 04",
      "4 stands for none of forgotten, origin-lost, too-slow, undecodable",
    ],
    ["a wildcard in part of a segment", "0000001622000000 00000000 00000001 0002612a 0000", '"a*" is no valid pattern'],
    ["an empty pattern", "0000001222000000 00000000 00000001 0000", '"" is no valid pattern'],
  ])("%s is malformed, and the error says why", (_what, frame, message) => {
    expect(() => decodeAny(fromHex(frame.replaceAll(" ", "")))).toThrow(`[malformed-frame] ${message}`);
  });
});
