import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readU32, readU53, writeU32, writeU53 } from "./frame.ts";
import {
  bytes,
  type Field,
  integer,
  list,
  nodeId,
  oneOf,
  Reader,
  struct,
  text,
  u8,
  u16,
  u32,
  u53,
  Writer,
} from "./schema.ts";
import { fromHex, hex } from "./vectors.fixture.ts";

function written<T>(field: Field<T>, value: T): string {
  const writer = new Writer();
  field.write(writer, value);
  return hex(writer.finish());
}
const read = <T>(field: Field<T>, from: string): T => field.read(new Reader(fromHex(from)));

describe("fields", () => {
  it.each([
    ["u8", written(u8, 0xfe), "fe"],
    ["u16", written(u16, 0xfedc), "fedc"],
    ["u32", written(u32, 0xfedcba98), "fedcba98"],
    ["u53", written(u53, 2 ** 53 - 1), "001fffffffffffff"],
    ["bytes", written(bytes(3), fromHex("aabbcc")), "00000003aabbcc"],
    ["text", written(text(10), "añ€😀"), "000a61c3b1e282acf09f9880"],
    ["a node id", written(nodeId, "00112233445566778899aabbccddeeff"), "00112233445566778899aabbccddeeff"],
    ["one of a list", written(oneOf(["a", "b"]), "b"), "01"],
    ["a list", written(list(u16), [1, 2]), "0000000200010002"],
    ["a struct", written(struct({ a: u8, b: u16 }), { b: 2, a: 1 }), "010002"],
  ])("%s has the layout of its table", (_name, actual, expected) => {
    expect(actual).toBe(expected);
  });

  it("are refused by the sender when the receiver would refuse them", () => {
    expect(() => written(text(3), "ñoño")).toThrow(
      new RangeError("a field of 6 bytes cannot be sent; it holds at most 3"),
    );
    expect(() => written(bytes(1), new Uint8Array(2))).toThrow(RangeError);
  });

  it("read what lies before an end that is cut, and no further", () => {
    expect(() => read(u32, "000000")).toThrow("a field of 4 bytes passes the end of its frame");
    expect(read(integer(5), "0000000000000005")).toBe(5);
    expect(() => read(integer(5), "0000000000000006")).toThrow("an integer is above 5");
  });

  it("of bytes are views of the frame, not copies", () => {
    const frame = fromHex("00000002aabb");
    const value = bytes(2).read(new Reader(frame));
    frame[4] = 0xcc;
    expect(hex(value)).toBe("ccbb");
  });
});

describe("Writer", () => {
  it("grows as needed and is empty after finish()", () => {
    const writer = new Writer();
    for (let i = 0; i < 1_000; i++) u32.write(writer, i);
    const whole = writer.finish();
    expect(whole.byteLength).toBe(4_000);
    expect(readU32(whole, 3_996)).toBe(999);
    expect(writer.finish().byteLength).toBe(0);
  });

  it("hands out bytes of its own, which the next value leaves alone", () => {
    const writer = new Writer();
    u16.write(writer, 0xaaaa);
    const first = writer.finish();
    u16.write(writer, 0xbbbb);
    writer.finish();
    expect(hex(first)).toBe("aaaa");
  });
});

describe("integers", () => {
  it("of 32 and 53 bits come back from any offset", () => {
    const small = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(small, fc.maxSafeNat(), fc.integer({ min: 0, max: 9 }), (u, v, at) => {
        const buffer = new Uint8Array(32).fill(0xff);
        writeU32(buffer, at, u);
        writeU53(buffer, at + 4, v);
        expect([readU32(buffer, at), readU53(buffer, at + 4)]).toEqual([u, v]);
      }),
    );
  });
});
