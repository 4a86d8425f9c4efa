import { describe, expect, it } from "vitest";
import { Backpressure } from "./backpressure.ts";

const options = { highWaterBytes: 100, lowWaterBytes: 10, maxPacketBytes: 500, remoteAddress: "memory://b" };
const packet = (byteLength: number): Uint8Array[] => [new Uint8Array(byteLength)];

describe("Backpressure", () => {
  it("stops at the high-water mark and goes on, once, at the low one", () => {
    const pressure = new Backpressure(options);
    expect(pressure.queued(99)).toBe(true);
    expect(pressure.left(0)).toBe(false);
    expect(pressure.queued(100)).toBe(false);
    expect(pressure.left(11)).toBe(false);
    expect(pressure.queued(20)).toBe(false);
    expect(pressure.left(10)).toBe(true);
    expect(pressure.left(0)).toBe(false);
    expect(pressure.queued(10)).toBe(true);
  });

  it("overflows one more high-water mark above where it said stop", () => {
    const pressure = new Backpressure(options);
    expect(pressure.queued(400)).toBe(false);
    expect(pressure.admit(packet(60), true, 500)).toBe(60);
    expect(() => pressure.admit(packet(1), true, 501)).toThrow(
      "[overflow] 501 bytes already wait to leave for memory://b",
    );
    expect(pressure.left(0)).toBe(true);
    expect(pressure.admit(packet(1), true, 0)).toBe(1);
  });

  it("refuses a closed link and a packet too large", () => {
    const pressure = new Backpressure(options);
    expect(() => pressure.admit(packet(1), false, 0)).toThrow("[closed] send to memory://b after the link was closed");
    expect(() => pressure.admit(packet(501), true, 0)).toThrow(
      "[too-large] a packet of 501 bytes to memory://b; at most 500",
    );
  });
});
