import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TIMINGS } from "../../base/limits.ts";
import { type End, HostileChannel, Lane, message, numberOf } from "./hostile-channel.fixture.ts";

const A = "a".repeat(32);
const B = "b".repeat(32);
const GATEWAY = "c".repeat(32);

const chance = fc.double({ min: 0, max: 0.5, noNaN: true });
const weather = fc.record({
  loss: chance,
  twice: chance,
  bounce: fc.oneof(fc.constant(0), chance),
  delayMs: fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 50, max: 400 })),
});
const sending = fc.array(
  fc.record({ fromA: fc.boolean(), pauseMs: fc.integer({ min: 0, max: 300 }), bulk: fc.boolean() }),
  { minLength: 1, maxLength: 60 },
);

const numbers = (end: End): number[] => end.received.map((got) => numberOf(got.message));
/** Of one lane: odd numbers are bulk. */
const ofLane = (all: readonly number[], bulk: boolean): number[] => all.filter((number) => number % 2 === Number(bulk));

describe("two ends of pipes", () => {
  it("give every message once and in order, whatever the channel does, and leave nothing behind", () => {
    fc.assert(
      fc.property(fc.integer(), weather, sending, fc.boolean(), (seed, storm, steps, hasLeaf) => {
        const channel = new HostileChannel(seed);
        if (hasLeaf) channel.leaves.add(B);
        const [a, b] = [channel.start(A), channel.start(B, hasLeaf ? GATEWAY : B)];
        channel.weather = storm;
        const sent = { a: [] as number[], b: [] as number[] };
        const lost: string[] = [];
        steps.forEach(({ fromA, pauseMs, bulk }, i) => {
          const number = i * 2 + Number(bulk);
          const [from, to, list] = fromA ? [a, B, sent.a] : [b, A, sent.b];
          from.pipes.send(to, bulk ? Lane.bulk : Lane.reliable, message(number, 4 + (i % 7) * 3_000), {
            onLost: (_code, why) => void lost.push(why),
          });
          list.push(number);
          channel.clock.advance(pauseMs);
        });
        channel.clock.advance(60_000);
        channel.weather = { ...storm, loss: 0, bounce: 0 };
        channel.clock.advance(120_000);
        expect(lost).toEqual([]);
        for (const bulk of [false, true]) {
          expect(ofLane(numbers(b), bulk)).toEqual(ofLane(sent.a, bulk));
          expect(ofLane(numbers(a), bulk)).toEqual(ofLane(sent.b, bulk));
        }
        expect([a.pipes.heldBytes, b.pipes.heldBytes]).toEqual([0, 0]);
        channel.clock.advance(TIMINGS.pipeMemoryMs + 120_000);
        expect([a.pipes.size, b.pipes.size, channel.clock.pending]).toEqual([0, 0, 0]);
      }),
      { numRuns: 150 },
    );
  });

  it("lose what a life takes with it, say what may have arrived, and never give anything twice or out of order", () => {
    const restarts = fc.array(fc.record({ atMs: fc.integer({ min: 0, max: 8_000 }), ofA: fc.boolean() }), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.integer(), weather, restarts, fc.boolean(), (seed, storm, deaths, hasLeaf) => {
        const channel = new HostileChannel(seed);
        if (hasLeaf) channel.leaves.add(B);
        const start = (ofA: boolean): End => channel.start(ofA ? A : B, !ofA && hasLeaf ? GATEWAY : undefined);
        const now = { A: start(true), B: start(false) };
        const lives = [now.A, now.B];
        channel.weather = storm;
        /** By number: what its sender was told, unless it died. */
        const told = new Map<number, boolean>();
        const byDead = new Set<number>();
        const sentBy = new Map<number, End>();
        for (const { atMs, ofA } of deaths)
          channel.clock.setTimer(atMs, () => {
            const name = ofA ? "A" : "B";
            for (const [number, end] of sentBy) if (end === now[name]) byDead.add(number);
            now[name] = start(ofA);
            lives.push(now[name]);
            channel.clock.setTimer(channel.random.float() * 500, () => channel.tell());
          });
        for (let number = 0; number < 100; number++)
          channel.clock.setTimer(number * 100, () => {
            const from = number % 2 ? now.A : now.B;
            sentBy.set(number, from);
            from.pipes.send(number % 2 ? B : A, Lane.reliable, message(number), {
              onLost: (_code, _why, mayHaveArrived) => void told.set(number, mayHaveArrived),
            });
          });
        channel.clock.advance(60_000);
        channel.weather = { ...storm, loss: 0, bounce: 0 };
        channel.clock.advance(120_000);
        const all = lives.flatMap(numbers);
        expect(all).toHaveLength(new Set(all).size);
        for (const end of lives) expect(numbers(end)).toEqual(numbers(end).toSorted((one, other) => one - other));
        const arrived = new Set(all);
        const wrong = [...sentBy.keys()].filter((number) => {
          if (byDead.has(number)) return false;
          return told.has(number) ? arrived.has(number) && !told.get(number) : !arrived.has(number);
        });
        expect(wrong).toEqual([]);
        expect([now.A.pipes.heldBytes, now.B.pipes.heldBytes]).toEqual([0, 0]);
      }),
      { numRuns: 150 },
    );
  });
});
