import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Batcher } from "./batcher.ts";

function recording() {
  const chunks: Uint8Array[] = [];
  return { chunks, batcher: new Batcher((chunk) => chunks.push(chunk)) };
}

describe("Batcher", () => {
  it("joins small parts into one chunk when flushed, and writes nothing twice", () => {
    const { chunks, batcher } = recording();
    batcher.add([Uint8Array.of(1), Uint8Array.of(2, 3)]);
    batcher.add([Uint8Array.of(4)]);
    expect([chunks.length, batcher.waitingBytes]).toEqual([0, 4]);
    batcher.flush();
    batcher.flush();
    expect(chunks).toEqual([Uint8Array.of(1, 2, 3, 4)]);
    expect(batcher.waitingBytes).toBe(0);
  });

  it("writes a large part as it is, after what waited", () => {
    const { chunks, batcher } = recording();
    const large = new Uint8Array(4_096);
    batcher.add([Uint8Array.of(1), large, Uint8Array.of(2)]);
    expect(chunks).toEqual([Uint8Array.of(1), large]);
    expect(chunks[1]).toBe(large);
    expect(batcher.waitingBytes).toBe(1);
  });

  it("writes a batch of 64 KiB without being told", () => {
    const { chunks, batcher } = recording();
    const part = new Uint8Array(1_024);
    for (let count = 0; count < 64; count++) batcher.add([part]);
    expect(chunks.map((chunk) => chunk.byteLength)).toEqual([65_536]);
  });

  it("keeps the order of bytes for any parts", () => {
    const sizes = fc.array(fc.oneof(fc.nat(20), fc.integer({ min: 4_000, max: 4_200 }), fc.nat(70_000)), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const { chunks, batcher } = recording();
        const parts = lengths.map((length, index) => new Uint8Array(length).fill(index));
        batcher.add(parts);
        batcher.flush();
        expect(Buffer.compare(Buffer.concat(chunks), Buffer.concat(parts))).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
