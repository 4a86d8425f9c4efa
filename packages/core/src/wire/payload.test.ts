import { ExtData, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "./decode-any.fixture.ts";
import { decodeBorrowed, decodePayload, encodePayload, encodeShared } from "./index.ts";
import { fromHex, hex } from "./vectors.fixture.ts";

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
};

/** How many arrays and maps enclose the innermost value. The plain recursive way to say it. */
const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && !(value instanceof Date)
    ? Math.max(0, ...Object.values(value).map((part) => 1 + depthOf(part)))
    : 0;

describe("payloads", () => {
  it("give back plain values", () => {
    const leaf = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.double().map((number) => number || 0),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
    );
    const key = fc.string().filter((name) => name !== "__proto__");
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie("value"), { maxLength: 20 }),
        fc.dictionary(key, tie("value"), { maxKeys: 20, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, (original) => {
        expect(decodePayload(encodePayload(original))).toEqual(original);
      }),
    );
  });

  it.each([
    ["nil", "c0", null],
    ["false", "c2", false],
    ["true", "c3", true],
    ["positive fixint", "7f", 127],
    ["negative fixint", "e0", -32],
    ["uint 8", "ccff", 255],
    ["uint 16", "cdffff", 65_535],
    ["uint 32", "ceffffffff", 4_294_967_295],
    ["uint 64", "cf001fffffffffffff", 2 ** 53 - 1],
    ["int 8", "d080", -128],
    ["int 16", "d18000", -32_768],
    ["int 32", "d280000000", -2_147_483_648],
    ["int 64", "d3ffe0000000000001", -(2 ** 53 - 1)],
    ["float 32", "ca3fc00000", 1.5],
    ["float 64", "cb3ff8000000000000", 1.5],
    ["fixstr", "a3616263", "abc"],
    ["str 8", "d903616263", "abc"],
    ["str 16", "da0003616263", "abc"],
    ["str 32", "db00000003616263", "abc"],
    ["bin 8", "c402aabb", fromHex("aabb")],
    ["bin 16", "c50002aabb", fromHex("aabb")],
    ["bin 32", "c600000002aabb", fromHex("aabb")],
    ["fixarray", "920102", [1, 2]],
    ["array 16", "dc00020102", [1, 2]],
    ["array 32", "dd000000020102", [1, 2]],
    ["fixmap", "81a16101", { a: 1 }],
    ["map 16", "de0001a16101", { a: 1 }],
    ["map 32", "df00000001a16101", { a: 1 }],
    ["fixext 1", "d4058f", { type: 5, data: fromHex("8f") }],
    ["fixext 2", "d5059fff", { type: 5, data: fromHex("9fff") }],
    ["fixext 4", "d605deadbeef", { type: 5, data: fromHex("deadbeef") }],
    ["fixext 8", "d705dfdfdfdfdfdfdfdf", { type: 5, data: fromHex("dfdfdfdfdfdfdfdf") }],
    ["fixext 16", `d805${"dd".repeat(16)}`, { type: 5, data: fromHex("dd".repeat(16)) }],
    ["ext 8", "c70305aabbcc", { type: 5, data: fromHex("aabbcc") }],
    ["ext 16", "c8000305aabbcc", { type: 5, data: fromHex("aabbcc") }],
    ["ext 32", "c90000000305aabbcc", { type: 5, data: fromHex("aabbcc") }],
    ["timestamp 32", "d6ff5e0be100", new Date("2020-01-01T00:00:00Z")],
  ])("decode %s, alone and with a neighbour on either side", (_form, bytes, value) => {
    expect(decodePayload(fromHex(bytes))).toEqual(value);
    expect(decodePayload(fromHex(`93c0${bytes}c3`))).toEqual([null, value, true]);
    expect(decodePayload(fromHex(`82a16b${bytes}a16c${bytes}`))).toEqual({ k: value, l: value });
  });

  it("come back the same whatever was encoded before, and alone outlive the next", () => {
    const shared = encodeShared("first");
    const own = encodePayload("second");
    expect(hex(shared)).not.toBe("a56669727374");
    encodeShared("third");
    expect(hex(own)).toBe("a67365636f6e64");
  });

  it.each([
    ["a function", () => {}],
    ["a symbol", Symbol("s")],
    ["a bigint", 1n],
  ])("refuse %s with a TypeError that says what to send", (_what, value) => {
    expect(() => encodePayload({ value })).toThrow(TypeError);
    expect(() => encodePayload({ value })).toThrow("send plain values, at most 64 levels deep");
  });

  it("refuse a cycle", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => encodePayload(cycle)).toThrow(TypeError);
  });
});

describe("a value decoded from borrowed bytes", () => {
  const blank = (bytes: Uint8Array): unknown => {
    const value = decodeBorrowed(bytes);
    bytes.fill(0xc1);
    return value;
  };

  it("shares nothing with them", () => {
    const binary = { deep: [{ bytes: new Uint8Array([1, 2, 3]) }, "text"] };
    for (const value of [binary, new Uint8Array(300).fill(4), new Uint8Array(70_000).fill(5), new Date(1e12), ["a"]])
      expect(blank(encodePayload(value))).toEqual(value);
  });

  it("also not by an extension of the user's own", () => {
    for (const length of [1, 2, 4, 8, 16, 3, 300, 70_000]) {
      const data = new Uint8Array(length).fill(9);
      expect(blank(encode(new ExtData(7, data)).slice())).toEqual(new ExtData(7, data));
    }
  });
});

describe("the depth of payloads", () => {
  it("may be 64, both ways", () => {
    expect(decodePayload(encodePayload(nested(64)))).toEqual(nested(64));
  });

  it("may not be 65, in either way", () => {
    expect(() => encodePayload(nested(65))).toThrow("at most 64 levels deep");
    expect(() => decodePayload(encode(nested(65)))).toThrow("[malformed-payload] nested deeper than 64 levels");
  });

  it("is the same for who encodes, who decodes and who counts by recursion", () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 90, withCrossShrink: true },
        fc.constantFrom(1, "text", null, fromHex("93dddd"), [], {}),
        fc.tuple(tie("value")),
        fc.tuple(fc.constantFrom([[]], "x".repeat(300)), tie("value"), fc.constant({})),
        fc.record({ a: fc.constantFrom([1], 300), b: tie("value") }),
      ),
    }));
    const levels = fc.integer({ min: 50, max: 80 });
    fc.assert(
      fc.property(value, levels, (inner, outer) => {
        let whole = inner;
        for (let i = 0; i < outer; i++) whole = i % 3 === 0 ? { b: whole, c: [] } : [i, whole];
        const bytes = encode(whole, { maxDepth: 1_000 });
        const allowed = depthOf(whole) <= 64;
        expect(codeOf(() => decodePayload(bytes))).toBe(allowed ? undefined : "malformed-payload");
        if (allowed) expect(hex(encodePayload(whole))).toBe(hex(bytes));
        else expect(() => encodePayload(whole)).toThrow(TypeError);
      }),
    );
  });

  it.each([
    ["fixarray", "91"],
    ["array 16", "dc0001"],
    ["array 32", "dd00000001"],
    ["fixmap", "81a161"],
    ["map 16", "de0001a161"],
    ["map 32", "df00000001a161"],
  ])("counts %s", (_form, open) => {
    expect(codeOf(() => decodePayload(fromHex(`${open.repeat(64)}c0`)))).toBeUndefined();
    expect(codeOf(() => decodePayload(fromHex(`${open.repeat(65)}c0`)))).toBe("malformed-payload");
  });

  it("of ten thousand is refused without following it", () => {
    expect(() => decodePayload(fromHex(`${"91".repeat(10_000)}c0`))).toThrow("nested deeper than 64 levels");
  });

  it("is not what arrays side by side add up to", () => {
    expect(decodePayload(encodePayload(Array.from({ length: 1_000 }, () => [[[]]])))).toHaveLength(1_000);
  });
});

describe("payloads from strangers", () => {
  it.each([
    ["nothing at all", "", "it claims more than its 0 bytes hold"],
    ["an array of four billion", "ddffffffff", "it claims more than its 5 bytes hold"],
    ["a map of four billion", "dfffffffff", "it claims more than its 5 bytes hold"],
    ["a string of four billion bytes", "dbffffffff", "it claims more than its 5 bytes hold"],
    ["an extension of four billion bytes", "c9ffffffff05", "it claims more than its 6 bytes hold"],
    ["arrays that each claim all that is left", "dc0004dc0003dc0002c0", "it claims more than its 10 bytes hold"],
    ["a cut array", "9301", "it claims more than its 2 bytes hold"],
    ["a cut length", "dc00", "it claims more than its 2 bytes hold"],
    ["a cut string", "a36162", "it claims more than its 3 bytes hold"],
    ["a map without its last value", "81a161", "it claims more than its 3 bytes hold"],
    ["bytes after the value", "c0c0", "1 bytes follow its value"],
    ["the byte that means nothing", "c1", "not MessagePack"],
    ["an array as a key", "8190c0", "not MessagePack"],
    ["the key __proto__", "81a95f5f70726f746f5f5fc0", "not MessagePack"],
    ["a timestamp of one byte", "d4ff00", "not MessagePack"],
  ])("%s: malformed-payload", (_what, bytes, message) => {
    expect(() => decodePayload(fromHex(bytes))).toThrow("[malformed-payload]");
    expect(() => decodePayload(fromHex(bytes))).toThrow(message);
  });

  it("of random bytes give a value or malformed-payload", () => {
    const opening = fc.constantFrom(0x81, 0x92, 0xa5, 0xc4, 0xc7, 0xd6, 0xd9, 0xdc, 0xdd, 0xde, 0xdf, 0x00, 0x01);
    const bytes = fc.array(fc.oneof(opening, fc.integer({ min: 0, max: 255 })), { maxLength: 60 });
    fc.assert(
      fc.property(bytes, (row) =>
        [undefined, "malformed-payload"].includes(codeOf(() => decodePayload(Uint8Array.from(row)))),
      ),
      { numRuns: 20_000 },
    );
  });

  it("reserve no more than they brought, however much they claim", () => {
    // 64 arrays, each claiming the eight megabytes that follow: followed blindly, four gigabytes of slots.
    const claim = fromHex("dd007f0000".repeat(64));
    const bytes = new Uint8Array(8 * 1024 * 1024);
    bytes.set(claim);
    const before = process.memoryUsage();
    expect(codeOf(() => decodePayload(bytes))).toBe("malformed-payload");
    expect(process.memoryUsage().heapUsed - before.heapUsed).toBeLessThan(16 * 1024 * 1024);
  });
});

describe("what would silently arrive as an empty object", () => {
  it.each([
    ["a Map", new Map([["a", 1]]), "a Map; send Object.fromEntries(map), or [...map]"],
    ["a Set", new Set([1]), "a Set; send [...set]"],
    ["a Promise", Promise.resolve(1), "a Promise; await it first"],
    ["one deep inside", { list: [{ map: new Map() }] }, "a Map"],
  ])("is refused: %s", (_what, value, why) => {
    expect(() => encodePayload(value)).toThrow(TypeError);
    expect(() => encodePayload(value)).toThrow(`data cannot be encoded as MessagePack (${why}`);
  });

  it("is no Date, nor an object of a class with fields", () => {
    class Point {
      x = 1;
    }
    const value = { at: new Date(5), point: new Point() };
    expect(decodePayload(encodePayload(value))).toEqual({ at: new Date(5), point: { x: 1 } });
  });
});
