import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PacketBuilder } from "./packet-builder.ts";

const buffer = Uint8Array.from({ length: 100 }, (_, i) => i);

describe("PacketBuilder", () => {
  it("joins neighbours in memory into one view, without copying", () => {
    const packet = new PacketBuilder();
    packet.add(buffer, 10, 20);
    packet.add(buffer, 20, 30);
    const parts = packet.take();
    expect(parts).toEqual([buffer.subarray(10, 30)]);
    expect(parts[0]!.buffer).toBe(buffer.buffer);
  });

  it("hands a whole buffer out as it is", () => {
    const packet = new PacketBuilder();
    packet.add(buffer, 0, 60);
    packet.add(buffer, 60, 100);
    expect(packet.take()[0]).toBe(buffer);
  });

  it("keeps apart what does not touch, or is of another buffer", () => {
    const packet = new PacketBuilder();
    packet.add(buffer, 0, 10);
    packet.add(buffer, 11, 20);
    packet.add(buffer.slice(), 20, 30);
    packet.add(buffer, 5, 11);
    expect(packet.take().map((part) => part.byteLength)).toEqual([10, 9, 10, 6]);
  });

  it("is empty after take(), and counts bytes anew", () => {
    const packet = new PacketBuilder();
    packet.addWhole(buffer);
    expect(packet.byteLength).toBe(100);
    packet.take();
    expect([packet.byteLength, packet.take()]).toEqual([0, []]);
  });

  it("gives all bytes in the order they were added", () => {
    const slice = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }));
    fc.assert(
      fc.property(fc.array(slice), (slices) => {
        const packet = new PacketBuilder();
        const other = buffer.map((byte) => byte + 100);
        const expected: number[] = [];
        for (const [which, one, two] of slices) {
          const from = Math.min(one, two);
          const to = Math.max(one, two);
          packet.add(which ? buffer : other, from, to);
          expected.push(...(which ? buffer : other).subarray(from, to));
        }
        expect(packet.byteLength).toBe(expected.length);
        expect(packet.take().flatMap((part) => [...part])).toEqual(expected);
      }),
    );
  });
});
