import { describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { type Flushable, Turn } from "./turn.ts";

function turnWithLog() {
  const clock = new VirtualClock();
  const log: string[] = [];
  const turn = new Turn(clock, (error) => log.push(`reported: ${(error as Error).message}`));
  const named = (name: string, more = (): void => {}): Flushable => ({
    flush: () => {
      log.push(name);
      more();
    },
  });
  return { clock, turn, log, named };
}

describe("Turn", () => {
  it("flushes when the work is done: readers first, then writers", () => {
    const { turn, log, named } = turnWithLog();
    turn.run(() => {
      turn.write(named("writer"));
      turn.read(named("reader"));
      log.push("work");
    });
    expect(log).toEqual(["work", "reader", "writer"]);
  });

  it("lets what a reader writes leave in the same turn", () => {
    const { turn, log, named } = turnWithLog();
    turn.run(() => turn.read(named("reader", () => turn.write(named("answer")))));
    expect(log).toEqual(["reader", "answer"]);
  });

  it("leaves what a reader queues for itself to the next turn", () => {
    const { clock, turn, log, named } = turnWithLog();
    turn.run(() => turn.read(named("reader", () => turn.read(named("reader again")))));
    expect(log).toEqual(["reader"]);
    clock.advance(0);
    expect(log).toEqual(["reader", "reader again"]);
  });

  it("flushes once when work is begun inside work", () => {
    const { turn, log, named } = turnWithLog();
    turn.run(() => {
      turn.run(() => turn.read(named("reader")));
      log.push("outer work");
    });
    expect(log).toEqual(["outer work", "reader"]);
  });

  it("outside of any work writes the first at once, and soon, together, what comes after it", () => {
    const { clock, turn, log, named } = turnWithLog();
    turn.write(named("first"));
    expect([log, clock.pending]).toEqual([["first"], 1]);
    turn.write(named("second"));
    turn.read(named("reader"));
    turn.write(named("third"));
    expect([log, clock.pending]).toEqual([["first"], 1]);
    clock.advance(0);
    expect([log, clock.pending]).toEqual([["first", "reader", "second", "third"], 0]);
  });

  it("lets the first wait too in a stream, and tries every now and then whether it is still one", () => {
    const { clock, turn, log, named } = turnWithLog();
    const atOnce = (): boolean => {
      log.length = 0;
      turn.write(named("first"));
      return log.length > 0;
    };
    expect(atOnce()).toBe(true);
    clock.advance(0);
    expect(atOnce()).toBe(true);
    turn.write(named("second"));
    clock.advance(0);
    let waited = 0;
    for (; !atOnce(); waited++) {
      clock.advance(0);
      expect(log).toEqual(["first"]);
    }
    expect(waited).toBe(32);
    clock.advance(0);
    expect(atOnce()).toBe(true);
  });

  it("outside of any work reads soon, never at once", () => {
    const { clock, turn, log, named } = turnWithLog();
    turn.read(named("reader"));
    expect([log, clock.pending]).toEqual([[], 1]);
    clock.advance(0);
    expect([log, clock.pending]).toEqual([["reader"], 0]);
  });

  it("flushes also when the work throws", () => {
    const { turn, log, named } = turnWithLog();
    const work = (): void => {
      turn.read(named("reader"));
      throw new Error("work failed");
    };
    expect(() => turn.run(work)).toThrow("work failed");
    expect(log).toEqual(["reader"]);
  });

  it("goes on after one that throws: the others have their turn, then it is reported, and the work hears nothing", () => {
    const { clock, turn, log, named } = turnWithLog();
    const broken = named("broken", () => {
      throw new Error("reader failed");
    });
    const work = (): void => {
      turn.read(broken);
      turn.read(named("reader"));
      turn.write(named("writer"));
    };
    turn.run(work);
    expect(log.splice(0)).toEqual(["broken", "reader", "writer", "reported: reader failed"]);
    turn.write(broken);
    turn.read(broken);
    clock.advance(0);
    expect(log.splice(0)).toEqual(["broken", "reported: reader failed", "broken", "reported: reader failed"]);
    turn.run(() => turn.read(named("next")));
    expect(log.at(-1)).toBe("next");
  });
});
