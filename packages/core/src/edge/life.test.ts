import { describe, expect, it } from "vitest";
import type { LifecycleEvent } from "../base/lifecycle.ts";
import { TIMINGS } from "../base/limits.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { Life } from "./life.ts";

function live() {
  const clock = new VirtualClock();
  const told: string[] = [];
  const life: Life = new Life({
    clock,
    onAway: () => void told.push(life.away ? "away" : "here"),
    onWake: () => void told.push(`woken at ${clock.now()}`),
    onPark: () => void told.push("parked"),
  });
  return { clock, life, told };
}

describe("the life of a page", () => {
  it.each<[LifecycleEvent[], string[]]>([
    [["hidden", "freeze"], ["away"]],
    [
      ["hidden", "visible"],
      ["away", "here", "woken at 0"],
    ],
    [
      ["hidden", "freeze", "resume"],
      ["away", "woken at 0"],
    ],
    [
      ["pagehide", "hidden", "freeze", "resume", "visible", "pageshow"],
      ["away", "parked", "woken at 0", "here"],
    ],
    [
      ["hidden", "unload"],
      ["away", "here"],
    ],
    [["offline"], ["woken at 0"]],
    [["online"], ["woken at 0"]],
    [["visible"], ["woken at 0"]],
  ])("%j tells %j", (events, expected) => {
    const { life, told } = live();
    for (const event of events) life.on(event);
    expect(told).toEqual(expected);
  });

  it("is woken at once, then once a second at most, and never misses the last time", () => {
    const { clock, life, told } = live();
    for (let events = 0; events < 300; events++) {
      life.on(events % 2 ? "online" : "offline");
      clock.advance(10);
    }
    clock.advance(60_000);
    expect(told).toEqual(["woken at 0", "woken at 1000", "woken at 2000", "woken at 3000"]);
  });

  it("is in haste while away, and for a while after it was woken", () => {
    const { clock, life } = live();
    const seen = [life.isHasty];
    life.on("hidden");
    seen.push(life.isHasty);
    life.on("visible");
    clock.advance(TIMINGS.hasteMs - 1);
    seen.push(life.isHasty);
    clock.advance(1);
    seen.push(life.isHasty);
    expect(seen).toEqual([false, true, true, false]);
  });

  it("is in no haste while it is put away", () => {
    const { life } = live();
    life.on("pagehide");
    const before = [life.isParked, life.isHasty];
    life.on("pageshow");
    expect([before, life.isParked, life.isHasty]).toEqual([[true, false], false, true]);
  });

  it("leaves no timer behind", () => {
    const { clock, life } = live();
    life.on("online");
    life.on("offline");
    expect(clock.pending).toBe(1);
    life.stop();
    expect(clock.pending).toBe(0);
  });
});
