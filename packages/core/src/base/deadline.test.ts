import { expect, it } from "vitest";
import { StallingClock } from "../testing/stalling-clock.fixture.ts";
import { setDeadline } from "./deadline.ts";

function arm(delayMs: number) {
  const clock = new StallingClock();
  const ran: number[] = [];
  const deadline = setDeadline(clock, delayMs, () => void ran.push(clock.now()));
  return { clock, ran, deadline };
}

it("a deadline is a timer to whoever is awake", () => {
  const { clock, ran } = arm(4_000);
  clock.advance(10_000);
  expect([ran, clock.pending]).toEqual([[4_000], 0]);
});

it("a deadline gives whoever was asleep a second to read what waits", () => {
  const { clock, ran, deadline } = arm(4_000);
  clock.stall(60_000);
  clock.advance(999);
  expect(ran).toEqual([]);
  clock.advance(1);
  expect(ran).toEqual([61_000]);
  deadline[Symbol.dispose]();
});

it("a deadline ends also where timers are always late", () => {
  const { clock, ran } = arm(4_000);
  for (let minutes = 0; minutes < 4; minutes++) clock.stall(60_000);
  expect([ran, clock.pending]).toEqual([[240_000], 0]);
});

it("a deadline that was disarmed in its respite does not come", () => {
  const { clock, ran, deadline } = arm(4_000);
  clock.stall(60_000);
  deadline[Symbol.dispose]();
  expect([ran, clock.pending]).toEqual([[], 0]);
});
