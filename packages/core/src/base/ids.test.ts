import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeededRandom } from "../testing/seeded-random.ts";
import { isNodeId, nodeIdFromBytes, randomFlowNumber, randomNodeId, writeNodeId } from "./ids.ts";

describe("node ids", () => {
  it("come back from their bytes, at any offset", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.integer({ min: 0, max: 9 }), (bytes, at) => {
        const id = nodeIdFromBytes(bytes);
        const written = new Uint8Array(32);
        writeNodeId(written, at, id);
        expect([id, nodeIdFromBytes(written, at), isNodeId(id)]).toEqual([
          Buffer.from(bytes).toString("hex"),
          id,
          true,
        ]);
      }),
    );
  });

  it.each(["", "0011", "A".repeat(32), "g".repeat(32), "0".repeat(33), 7, null])("are not %j", (value) => {
    expect(isNodeId(value)).toBe(false);
  });

  it("are what the source of randomness makes them", () => {
    expect(randomNodeId(new SeededRandom(1))).toBe(randomNodeId(new SeededRandom(1)));
    expect(randomNodeId(new SeededRandom(1))).not.toBe(randomNodeId(new SeededRandom(2)));
  });
});

describe("flow numbers", () => {
  it("have 52 bits, and are never 0", () => {
    const ofBytes = (fill: number): number =>
      randomFlowNumber({ bytes: (count) => new Uint8Array(count).fill(fill), float: () => 0 });
    expect([ofBytes(0xff), ofBytes(0)]).toEqual([2 ** 52 - 1, 1]);
  });
});
