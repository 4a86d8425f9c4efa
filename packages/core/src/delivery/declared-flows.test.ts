import { expect, it } from "vitest";
import { LIMITS } from "../base/limits.ts";
import type { FlowDeclaration } from "../wire/index.ts";
import { DeclaredFlows } from "./declared-flows.ts";

const named = (flow: number, topic: string): FlowDeclaration => ({
  ...{ flow, topic, home: "0".repeat(32), incarnation: 1, origin: "0".repeat(32), epoch: 0 },
  reliability: "reliable",
});
const LONG = "t".repeat(1_000);

it("flows told of have room for so many bytes, given back by those that are let go of or told again", () => {
  const declared = new DeclaredFlows();
  let count = 0;
  expect(() => {
    for (; count < LIMITS.flows; count++) declared.tell(named(count, LONG));
  }).toThrow(/^\[too-large\] \d+ flows of \d+ bytes .*LIMITS\.edgeWantsBytes 67108864$/);
  expect(count).toBeLessThan(LIMITS.edgeWantsBytes / LONG.length);
  for (let flow = 0; flow < count; flow++) declared.delete(flow);
  for (let round = 0; round < count + 2; round++) declared.tell(named(7, LONG));
  expect([...declared.keys()]).toEqual([7]);
});

it("so many flows as a node knows fit in, where their topics are of a common length", () => {
  const declared = new DeclaredFlows();
  for (let flow = 0; flow < LIMITS.flows; flow++) declared.tell(named(flow, "robots/arm/12/joints"));
  expect(declared.size).toBe(LIMITS.flows);
});
