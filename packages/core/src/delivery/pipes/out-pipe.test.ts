import { describe, expect, it } from "vitest";
import { LIMITS, TIMINGS } from "../../base/limits.ts";
import { OutPipe } from "./out-pipe.ts";

const KIB = 1024;

/** A pipe that holds messages of these sizes, and what it gives to send now. */
function pipeOf(...sizes: number[]): { pipe: OutPipe; sent(nowMs: number): number[] } {
  const pipe = new OutPipe(1, 0);
  for (const size of sizes) pipe.push(new Uint8Array(size), undefined, 0);
  return { pipe, sent: (nowMs) => taken(pipe, nowMs) };
}

function taken(pipe: OutPipe, nowMs: number): number[] {
  const numbers: number[] = [];
  for (let number = pipe.next; pipe.take(nowMs); number = pipe.next) numbers.push(number);
  return numbers;
}

describe("the sending end of a pipe", () => {
  it("sends a window and no more, then as much as is acknowledged", () => {
    const { pipe, sent } = pipeOf(...Array(6).fill(LIMITS.pipeWindowBytes / 4));
    expect(sent(0)).toEqual([1, 2, 3, 4]);
    expect(sent(1)).toEqual([]);
    expect(pipe.acknowledged(2, 1)).toBe(true);
    expect([sent(1), pipe.heldBytes]).toEqual([[5, 6], LIMITS.pipeWindowBytes]);
  });

  it("sends a message that is larger than the window alone", () => {
    const { pipe, sent } = pipeOf(LIMITS.messageBytes, 1);
    expect(sent(0)).toEqual([1]);
    pipe.acknowledged(1, 1);
    expect(sent(1)).toEqual([2]);
  });

  it("takes what waits for the window, up to a bound", () => {
    const pipe = new OutPipe(1, 0);
    for (let bytes = 0; bytes < LIMITS.pipeQueueBytes; bytes += 1024 * KIB)
      pipe.push(new Uint8Array(1024 * KIB), undefined, 0);
    expect(() => pipe.push(new Uint8Array(1), undefined, 0)).toThrow(
      "[overflow] 16 messages with 16777216 bytes wait for the node already",
    );
    pipe.take(0);
    pipe.acknowledged(1, 1);
    pipe.push(new Uint8Array(1), undefined, 1);
    expect(pipe.size).toBe(16);
  });

  it("refuses the acknowledgement of what was never sent", () => {
    const { pipe, sent } = pipeOf(LIMITS.pipeWindowBytes, 1);
    expect(pipe.acknowledged(1, 0)).toBe(false);
    expect(sent(0)).toEqual([1]);
    expect([pipe.acknowledged(2, 1), pipe.size]).toEqual([false, 2]);
    expect([pipe.acknowledged(0, 1), pipe.acknowledged(1, 1), pipe.acknowledged(1, 1), pipe.size]).toEqual([
      ...[true, true, true],
      1,
    ]);
  });

  it("sends the oldest again when nothing is acknowledged in time, later every time, and more after an answer", () => {
    const { pipe, sent } = pipeOf(...Array(100).fill(KIB));
    sent(0);
    const times: number[] = [];
    for (let i = 0; i < 6; i++) {
      const nowMs = pipe.dueMs;
      times.push(nowMs);
      pipe.tick(nowMs);
      expect(sent(nowMs)).toEqual([1]);
    }
    expect(times).toEqual([500, 1_500, 3_500, 7_500, 15_500, 23_500]);
    pipe.acknowledged(1, 24_000);
    expect(sent(24_000)).toHaveLength(64);
    pipe.acknowledged(65, 24_100);
    expect(sent(24_100)).toHaveLength(35);
    expect(pipe.dueMs).toBe(24_600);
  });

  it("makes one burst of 64 KiB of several events at once", () => {
    const { pipe, sent } = pipeOf(...Array(100).fill(KIB));
    sent(0);
    pipe.again(10);
    expect(sent(10)).toHaveLength(64);
    pipe.again(20);
    expect([sent(20), pipe.dueMs]).toEqual([[], 60]);
    pipe.tick(60);
    expect(sent(60)).toHaveLength(64);
    expect(pipe.dueMs).toBe(60 + TIMINGS.pipeResendMinMs);
  });

  it("takes an acknowledgement of the first copy while it sends again", () => {
    const { pipe, sent } = pipeOf(1, 1, 1);
    sent(0);
    pipe.again(100);
    pipe.acknowledged(2, 101);
    expect([sent(101), pipe.base]).toEqual([[3], 3]);
    pipe.acknowledged(3, 102);
    expect([pipe.size, pipe.heldBytes, pipe.dueMs]).toEqual([0, 0, Number.POSITIVE_INFINITY]);
  });

  it("sends nothing while no way leads there, and says of each message whether it was sent", () => {
    const pipe = new OutPipe(1, 0);
    const lost: unknown[] = [];
    const sender = (name: string) => ({
      onLost: (code: string, why: string, mayHaveArrived: boolean) => void lost.push([name, code, why, mayHaveArrived]),
    });
    const [first, second, third] = [sender("first"), sender("second"), sender("third")];
    pipe.push(new Uint8Array(1), first, 0);
    expect(taken(pipe, 0)).toEqual([1]);
    pipe.block(1);
    pipe.push(new Uint8Array(1), second, 1);
    pipe.push(new Uint8Array(1), third, 1);
    expect([taken(pipe, 1), pipe.withdraw(first), pipe.withdraw(second), pipe.withdraw(second)]).toEqual([
      ...[[], false, true],
      false,
    ]);
    pipe.fail("peer-lost", "it is gone");
    expect(lost).toEqual([
      ["first", "peer-lost", "it is gone", true],
      ["third", "peer-lost", "it is gone", false],
    ]);
    expect([pipe.size, pipe.heldBytes]).toEqual([0, 0]);
  });
});
