import { expect, it } from "vitest";
import { LIMITS } from "../base/limits.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { Leases } from "./leases.ts";

it("so many leaves have a long lease at a time, until it ends or they are back", () => {
  const clock = new VirtualClock();
  const leases = new Leases(clock);
  for (let leaf = 0; leaf < LIMITS.awayLeaves; leaf++) expect(leases.begin(`leaf-${leaf}`)).toBe(true);
  expect(leases.begin("one-more")).toBe(false);
  // Who has one may have it anew.
  expect(leases.begin("leaf-7")).toBe(true);
  leases.end("leaf-8");
  expect([leases.begin("one-more"), leases.begin("another")]).toEqual([true, false]);
  clock.advance(LIMITS.awayLeaseMs);
  expect(leases.begin("another")).toBe(true);
});
