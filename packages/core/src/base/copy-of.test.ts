import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyOf } from "./copy-of.ts";

describe("copies of small pieces", () => {
  it("hold what they were copied from, whatever is done to it and to other copies", () => {
    const piece = fc.uint8Array({ maxLength: 6_000 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const copies = pieces.map((bytes) => {
          const framed = new Uint8Array([1, ...bytes, 2]);
          const copy = copyOf(framed, 1, 1 + bytes.length);
          framed.fill(3);
          return copy;
        });
        for (const [i, copy] of copies.entries()) {
          expect(copy).toEqual(pieces[i]);
          copy.fill(i);
        }
        for (const [i, copy] of copies.entries()) expect(copy.every((byte) => byte === i)).toBe(true);
      }),
    );
  });

  it("go on when a reader has transferred the buffer of one away", () => {
    const bytes = new Uint8Array(100).fill(1);
    const copy = copyOf(bytes, 0, 100);
    structuredClone(copy, { transfer: [copy.buffer as ArrayBuffer] });
    expect(copy.length).toBe(0);
    expect(copyOf(bytes, 0, 100)).toEqual(bytes);
  });

  it("share buffers, since each costs more than the copying", () => {
    const bytes = new Uint8Array(200);
    const buffers = new Set(Array.from({ length: 100 }, () => copyOf(bytes, 0, 200).buffer));
    expect(buffers.size).toBeLessThanOrEqual(3);
  });
});
