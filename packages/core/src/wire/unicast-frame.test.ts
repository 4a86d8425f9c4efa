import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeId } from "./arbitraries.fixture.ts";
import { decodeUnicastHead, encodeUnicastHead, FrameType, Lane, readU32, UNICAST_HEAD_BYTES } from "./index.ts";

const address = fc.record({ node: nodeId, home: nodeId });
const head = fc.record({
  port: fc.integer({ min: 0, max: 255 }),
  lane: fc.constantFrom(Lane.reliable, Lane.volatile, Lane.bulk),
  hops: fc.integer({ min: 0, max: 255 }),
  target: address,
  source: address,
});

describe("unicast heads", () => {
  it("give back the fields they were made of, and the length of head and payload", () => {
    const type = fc.constantFrom(FrameType.unicast, FrameType.bounce, FrameType.denied);
    fc.assert(
      fc.property(type, head, fc.integer({ min: 0, max: 1_000_000 }), (frameType, fields, payloadBytes) => {
        const bytes = encodeUnicastHead(frameType, fields, payloadBytes);
        expect(bytes.byteLength).toBe(UNICAST_HEAD_BYTES);
        expect([readU32(bytes, 0), bytes[4]]).toEqual([UNICAST_HEAD_BYTES + payloadBytes, frameType]);
        expect(decodeUnicastHead(bytes)).toEqual(fields);
      }),
    );
  });

  it("cut anywhere are malformed", () => {
    const bytes = new Uint8Array(UNICAST_HEAD_BYTES);
    for (let length = 0; length < UNICAST_HEAD_BYTES; length++) {
      expect(() => decodeUnicastHead(bytes.subarray(0, length))).toThrow(
        `a unicast of ${length} bytes is shorter than its head`,
      );
    }
    bytes[6] = Lane.reliable;
    expect(decodeUnicastHead(bytes).port).toBe(0);
  });

  it.each([0, 4])("of lane %i, which is no lane for them, are malformed", (lane) => {
    const bytes = new Uint8Array(UNICAST_HEAD_BYTES);
    bytes[6] = lane;
    expect(() => decodeUnicastHead(bytes)).toThrow(`[malformed-frame] there is no lane ${lane} for a unicast`);
  });
});
