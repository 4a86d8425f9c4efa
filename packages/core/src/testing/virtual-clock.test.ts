import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

describe("VirtualClock", () => {
  it("runs timers in order of their instant, then of arming", () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.setTimer(20, () => ran.push(`late ${clock.now()}`));
    clock.setTimer(10, () => ran.push(`first ${clock.now()}`));
    clock.setTimer(10, () => ran.push(`second ${clock.now()}`));
    clock.soon(() => ran.push(`soon ${clock.now()}`));
    expect(ran).toEqual([]);
    clock.advance(10);
    expect(ran).toEqual(["soon 0", "first 10", "second 10"]);
    clock.advance(9.5);
    expect(ran).toHaveLength(3);
    clock.advance(0.5);
    expect(ran[3]).toBe("late 20");
    expect(clock.pending).toBe(0);
  });

  it("forgets a disposed timer at once", () => {
    const clock = new VirtualClock();
    const timer = clock.setTimer(5, () => expect.unreachable());
    clock.setTimer(7, () => {});
    expect(clock.pending).toBe(2);
    timer[Symbol.dispose]();
    timer[Symbol.dispose]();
    expect(clock.pending).toBe(1);
    expect(clock.nextMs).toBe(7);
    clock.advance(10);
    expect(clock.pending).toBe(0);
  });

  it("runs what is armed on the way", () => {
    const clock = new VirtualClock({ startMs: 100 });
    const ran: number[] = [];
    const again = (): void => {
      ran.push(clock.now());
      if (ran.length < 5) clock.setTimer(3, again);
    };
    clock.soon(again);
    clock.advance(9);
    expect(ran).toEqual([100, 103, 106, 109]);
  });

  it("run() lets promises continue between two events", async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.setTimer(1, () => {
      void (async () => {
        for (let turn = 0; turn < 50; turn++) await undefined;
        seen.push("promise");
      })();
    });
    clock.setTimer(1, () => seen.push("event"));
    await clock.run(2);
    expect(seen).toEqual(["promise", "event"]);
    expect(clock.now()).toBe(2);
  });

  it("agrees with a sorted list for any arming and disarming", () => {
    const step = fc.record({ delay: fc.integer({ min: 0, max: 20 }), disarm: fc.option(fc.nat(40)), pass: fc.nat(6) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new VirtualClock();
        const timers: Disposable[] = [];
        let expected: { atMs: number; id: number }[] = [];
        const ran: number[] = [];
        const wanted: number[] = [];
        for (const { delay, disarm, pass } of steps) {
          const id = timers.length;
          timers.push(clock.setTimer(delay, () => ran.push(id)));
          expected.push({ atMs: clock.now() + delay, id });
          if (disarm !== null && disarm < timers.length) {
            timers[disarm]![Symbol.dispose]();
            expected = expected.filter((event) => event.id !== disarm);
          }
          clock.advance(pass);
          expected.sort((one, other) => one.atMs - other.atMs || one.id - other.id);
          while (expected.length > 0 && expected[0]!.atMs <= clock.now()) wanted.push(expected.shift()!.id);
          expect(clock.pending).toBe(expected.length);
        }
        expect(ran).toEqual(wanted);
      }),
    );
  });

  it("lets the wall clock jump without moving its timers", () => {
    const clock = new VirtualClock({ wallStartMs: 1_000 });
    clock.jumpWall(-500);
    clock.advance(20);
    expect([clock.now(), clock.wallNow()]).toEqual([20, 520]);
  });
});

describe("SeededRandom", () => {
  it("replays a seed exactly, and tells two seeds apart", () => {
    const draw = (seed: number): number[] => {
      const random = new SeededRandom(seed);
      return [random.float(), ...random.bytes(7), random.integer(1000), random.fork().float()];
    };
    expect(draw(42)).toEqual(draw(42));
    expect(draw(42)).not.toEqual(draw(43));
  });

  it("spreads over [0, 1) and over all bytes", () => {
    const random = new SeededRandom(7);
    const buckets = new Array<number>(10).fill(0);
    for (let count = 0; count < 10_000; count++) buckets[Math.floor(random.float() * 10)]!++;
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150);
    expect(new Set(random.bytes(10_000)).size).toBe(256);
  });
});
