/** Measured latency decides which way things go, and changes of it move them without loss. */
import { expect, it, onTestFinished } from "vitest";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

/** Round trips of the triangle's edges, in ms. */
const SHORT_MS = 5;
const LONG_MS = 50;

/** How much `node` has sent to the neighbour named. */
const sentTo = (node: MeshNode, name: string): number =>
  node.status().edges.find(({ peer }) => peer.name === name)!.bytesOut;

it("a triangle with a slow edge sends over the two fast ones, and moves when one of them degrades, losing and doubling nothing", async () => {
  const roundTripMs = new Map([
    ["a b", SHORT_MS],
    ["b c", SHORT_MS],
    ["a c", LONG_MS],
  ]);
  const mesh = new SimulatedMesh({
    settle,
    delayMs: (from, to) => roundTripMs.get([from, to].sort().join(" "))! / 2,
  });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const a = await mesh.node("a");
  await mesh.node("b", { join: ["a"] });
  const c = await mesh.node("c", { join: ["a", "b"] });
  const heard: number[] = [];
  const gaps: unknown[] = [];
  const subscription = c.subscribe<number>("count", {}, ({ data }) => void heard.push(data));
  subscription.on("gap", (gap) => gaps.push(gap));
  await mesh.until(subscription.ready);
  await mesh.run(1_000);

  let published = 0;
  /** What of a stream of a second went each way, in bytes. */
  const stream = async (): Promise<{ readonly direct: number; readonly around: number }> => {
    const before = { direct: sentTo(a, "c"), around: sentTo(a, "b") };
    for (let i = 0; i < 100; i++) {
      void a.publish("count", published++, { headers: { padding: "x".repeat(200) } });
      await mesh.run(10);
    }
    return { direct: sentTo(a, "c") - before.direct, around: sentTo(a, "b") - before.around };
  };
  const isMost = (one: number, other: number): void => expect(one).toBeGreaterThan(10 * other);

  const first = await stream();
  isMost(first.around, first.direct);

  roundTripMs.set("b c", 200);
  for (let second = 0; second < 6; second++) await stream();
  const degraded = await stream();
  isMost(degraded.direct, degraded.around);

  roundTripMs.set("b c", SHORT_MS);
  for (let second = 0; second < 10; second++) await stream();
  const again = await stream();
  isMost(again.around, again.direct);

  await mesh.run(1_000);
  expect(gaps).toEqual([]);
  expect(heard).toEqual(Array.from({ length: published }, (_, i) => i));
});
