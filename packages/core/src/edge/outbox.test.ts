import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../base/limits.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { Lane } from "../wire/index.ts";
import { Outbox } from "./outbox.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const frame = (name: number, byteLength = 1): Uint8Array => new Uint8Array(byteLength).fill(name);

/** Everything that leaves, packet by packet, as the first byte of each part. */
function sent(outbox: Outbox, says: readonly boolean[] = []) {
  const packets: number[][] = [];
  const done = outbox.drain((parts) => {
    packets.push(parts.map((part) => part[0]!));
    return says[packets.length - 1] ?? true;
  });
  return { packets, done };
}

describe("Outbox", () => {
  it("writes everything that waits as one packet: control, calls, volatile, feeds, bulk", () => {
    const outbox = new Outbox(1_000_000);
    outbox.push(Lane.bulk, [frame(5)]);
    outbox.push(Lane.volatile, [frame(3)]);
    outbox.push(Lane.reliable, [frame(2), frame(22)]);
    outbox.push(Lane.control, [frame(1)]);
    let asked = 0;
    outbox.source = { pull: (packet) => (asked++ === 0 ? packet.addWhole(frame(4)) : undefined) };
    expect(outbox.queuedBytes()).toBe(5);
    expect(sent(outbox)).toEqual({ packets: [[1, 2, 22, 3, 4, 5]], done: true });
    expect(outbox.queuedBytes()).toBe(0);
  });

  it("closes a packet at 64 KiB, or at what the link takes", () => {
    const fill = (outbox: Outbox): Outbox => {
      for (let name = 1; name <= 4; name++) outbox.push(Lane.reliable, [frame(name, 40_000)]);
      return outbox;
    };
    expect(sent(fill(new Outbox(1_000_000))).packets).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(sent(fill(new Outbox(10_000))).packets).toEqual([[1], [2], [3], [4]]);
  });

  it("stops when the link says so, and goes on where it was", () => {
    const outbox = new Outbox(10_000);
    for (let name = 1; name <= 3; name++) outbox.push(Lane.reliable, [frame(name, 10_000)]);
    expect(sent(outbox, [true, false])).toEqual({ packets: [[1], [2]], done: false });
    expect(outbox.queuedBytes()).toBe(10_000);
    outbox.push(Lane.control, [frame(9)]);
    expect(sent(outbox)).toEqual({ packets: [[9, 3]], done: true });
  });

  it("makes late frames when they leave, in their place, as many as there are then and a packet holds", () => {
    const outbox = new Outbox(10_000);
    let late: number[] = [];
    outbox.push(Lane.control, [frame(1, 5_000)]);
    outbox.push(Lane.control, () => (late.length > 0 ? frame(late.shift()!, 4_000) : undefined));
    outbox.push(Lane.control, [frame(5)]);
    expect(outbox.queuedBytes()).toBe(5_001);
    late = [2, 3, 4];
    expect(sent(outbox, [false])).toEqual({ packets: [[1, 2, 3]], done: false });
    late.push(44);
    expect(sent(outbox)).toEqual({ packets: [[4, 44, 5]], done: true });
    late = [6];
    expect(sent(outbox)).toEqual({ packets: [], done: true });
  });

  it("does not ask the feeds for more than the rest of a packet", () => {
    const outbox = new Outbox(10_000);
    const asked: [number, number][] = [];
    outbox.source = { pull: (packet, untilBytes) => void asked.push([packet.byteLength, untilBytes]) };
    outbox.push(Lane.control, [frame(1, 100)]);
    outbox.push(Lane.reliable, [frame(2, 9_900)]);
    outbox.push(Lane.reliable, [frame(3, 50)]);
    sent(outbox);
    expect(asked).toEqual([
      [50, 10_000],
      [0, 10_000],
    ]);
  });

  it("refuses what does not fit its lane, and queues nothing of it", () => {
    const outbox = new Outbox(1_000_000);
    const half = frame(1, LIMITS.laneQueueBytes / 2);
    outbox.push(Lane.reliable, [half]);
    outbox.push(Lane.reliable, [half]);
    expect(() => outbox.push(Lane.reliable, [frame(2)])).toThrow(
      `[overflow] ${LIMITS.laneQueueBytes} bytes in 2 frames wait in lane 1 already; the neighbour reads too slowly`,
    );
    outbox.push(Lane.control, [frame(3)]);
    expect(outbox.queuedBytes()).toBe(LIMITS.laneQueueBytes + 1);
  });

  it("refuses more small frames than a lane holds, which would take far more memory than their bytes", () => {
    const outbox = new Outbox(1_000_000);
    for (let i = 0; i < LIMITS.laneQueueFrames; i++) outbox.push(Lane.control, [frame(1)]);
    expect(() => outbox.push(Lane.control, [frame(1)])).toThrow(
      "[overflow] 131072 bytes in 131072 frames wait in lane 0",
    );
  });

  it("does not keep what has left, though it never runs empty", async () => {
    const outbox = new Outbox(10_000);
    const refs: WeakRef<Uint8Array>[] = [];
    const pushOne = (): void => {
      const bytes = frame(1, 10_000);
      refs.push(new WeakRef(bytes));
      outbox.push(Lane.reliable, [bytes]);
    };
    for (let i = 0; i < 100; i++) {
      pushOne();
      if (i > 0) outbox.drain(() => false);
    }
    await settle();
    collectGarbage();
    expect(refs.filter((ref) => ref.deref() !== undefined)).toHaveLength(1);
    expect(outbox.queuedBytes()).toBe(10_000);
  });

  it("keeps the order of many frames", () => {
    const outbox = new Outbox(1_000);
    const expected = Array.from({ length: 20_000 }, (_, i) => i % 250);
    const got: number[] = [];
    for (const [i, name] of expected.entries()) {
      outbox.push(Lane.reliable, [frame(name, 10)]);
      if (i % 200 === 0) outbox.drain((parts) => got.push(...parts.map((part) => part[0]!)) < 0);
    }
    outbox.drain((parts) => got.push(...parts.map((part) => part[0]!)) > 0);
    expect(got).toEqual(expected);
  });

  it("takes one frame of any size into an empty lane", () => {
    const outbox = new Outbox(1_000_000);
    outbox.push(Lane.reliable, [frame(1, LIMITS.laneQueueBytes + 1)]);
    expect(sent(outbox).packets).toEqual([[1]]);
  });
});
