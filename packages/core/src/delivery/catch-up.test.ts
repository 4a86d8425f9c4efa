/** A relay whose log is too small for those behind it: what it lacks it asks of its upstream. */
import { expect, it } from "vitest";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { CatchUp } from "./catch-up.ts";
import { FlowLog } from "./log.ts";

const KiB = 1024;
const SMALL = { logBytes: 64 * KiB };

/** What `node` hears at "t", in runs of messages and gaps. */
async function hear(mesh: SimulatedMesh, node: MeshNode): Promise<() => string[]> {
  const heard: { what: string; from: number; to: number }[] = [];
  const note = (what: string, from: number, to: number): void => {
    const last = heard.at(-1);
    if (last?.what === what && last.to === from - 1) last.to = to;
    else heard.push({ what, from, to });
  };
  const subscription = node.subscribe("t", {}, ({ seq }) => note("heard", seq, seq));
  subscription.on("gap", ({ from, to, reason }) => note(reason, from, to));
  await mesh.until(subscription.ready);
  return () => heard.map(({ what, from, to }) => `${what} ${from}-${to}`);
}

async function publish(node: MeshNode, count: number, bytes = KiB): Promise<void> {
  for (let i = 0; i < count; i++) void node.publish("t", new Uint8Array(bytes));
}

it("what a relay has forgotten and the origin holds still arrives, also over two relays", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const origin = await mesh.node("origin");
  await mesh.node("relay", { join: ["origin"], ...SMALL });
  await mesh.node("second", { join: ["relay"], ...SMALL });
  const near = await mesh.node("near", { join: ["relay"] });
  const far = await mesh.node("far", { join: ["second"] });
  await mesh.run(1_000);
  const heard = [await hear(mesh, near), await hear(mesh, far)];
  await publish(origin, 10);
  await mesh.run(1_000);
  mesh.network.cut("far", "second");
  await mesh.run(100);
  await publish(origin, 190);
  await mesh.run(1_000);
  mesh.network.cut("near", "relay");
  await mesh.run(100);
  await publish(origin, 200);
  await mesh.run(1_000);
  mesh.network.healAll();
  await mesh.run(20_000);
  await publish(origin, 10);
  await mesh.run(1_000);
  expect(heard.map((each) => each())).toEqual([["heard 1-410"], ["heard 1-410"]]);
});

it("what the origin has forgotten too is a gap, once, and what it holds arrives", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const origin = await mesh.node("origin", SMALL);
  await mesh.node("relay", { join: ["origin"], ...SMALL });
  const far = await mesh.node("far", { join: ["relay"] });
  await mesh.run(1_000);
  const heard = await hear(mesh, far);
  await publish(origin, 10);
  await mesh.run(1_000);
  mesh.network.cut("far", "relay");
  await mesh.run(100);
  await publish(origin, 500);
  await mesh.run(1_000);
  mesh.network.healAll();
  await mesh.run(20_000);
  const lost = Number(/^forgotten 11-(\d+)$/.exec(heard()[1]!)?.[1]);
  expect(heard()).toEqual(["heard 1-10", `forgotten 11-${lost}`, `heard ${lost + 1}-510`]);
  expect(lost).toBeLessThan(480);
});

/** A child whose link takes 1 MiB at a time, and one with a quick link, at a relay that reads `count` messages. */
async function besideSlow(mesh: SimulatedMesh, logBytes: number, count: number) {
  const origin = await mesh.node("origin");
  const relay = await mesh.node("relay", { join: ["origin"], logBytes });
  const slow = await mesh.node("slow", { join: ["relay"] });
  const quick = await mesh.node("quick", { join: ["relay"] });
  await mesh.run(10_000);
  const [heardSlowly, heardQuickly] = [await hear(mesh, slow), await hear(mesh, quick)];
  await mesh.run(10_000);
  const bytesOut = (): number => origin.status().edges[0]!.bytesOut;
  const before = bytesOut();
  for (let i = 0; i < count; i += 40) {
    await publish(origin, 40);
    await mesh.run(10);
  }
  return { heardSlowly, heardQuickly, relay, timesSent: () => (bytesOut() - before) / (count * KiB) };
}

const withSlow = (): SimulatedMesh => new SimulatedMesh({ settle, delayMs: (_from, to) => (to === "slow" ? 500 : 1) });

it("a child slower than its relay forgets gets everything, its neighbour waits for nothing, little is fetched twice", async () => {
  await using mesh = withSlow();
  const { heardSlowly, heardQuickly, timesSent, relay } = await besideSlow(mesh, 1024 * KiB, 4_000);
  expect(heardQuickly()).toEqual(["heard 1-4000"]);
  await mesh.run(60_000);
  expect([heardSlowly(), heardQuickly()]).toEqual([["heard 1-4000"], ["heard 1-4000"]]);
  expect(timesSent()).toBeLessThan(3);
  expect(relay.status().log.bytes).toBeLessThanOrEqual(1024 * KiB);
});

it("a log smaller than what a link takes at a time costs more, and still everything arrives", async () => {
  await using mesh = withSlow();
  const { heardSlowly, heardQuickly, relay } = await besideSlow(mesh, 64 * KiB, 3_000);
  await mesh.run(60_000);
  expect([heardSlowly(), heardQuickly()]).toEqual([["heard 1-3000"], ["heard 1-3000"]]);
  expect(relay.status().log.bytes).toBeLessThanOrEqual(64 * KiB);
});

it("what waits at a closed subscription of a relay is not lost when a child asks for more than the relay holds", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const origin = await mesh.node("origin");
  const relay = await mesh.node("relay", { join: ["origin"], ...SMALL });
  const far = await mesh.node("far", { join: ["relay"] });
  await mesh.run(1_000);
  const heard = await hear(mesh, far);
  await hear(mesh, relay);
  const early = relay.subscribe("t");
  await mesh.until(early.ready);
  await publish(origin, 10);
  await mesh.run(1_000);
  mesh.network.cut("far", "relay");
  await mesh.run(100);
  await publish(origin, 60);
  await mesh.run(1_000);
  const waited = early.waiting;
  mesh.network.healAll();
  early.close();
  await mesh.run(20_000);
  const reasons = new Set<string>();
  early.on("gap", ({ reason }) => reasons.add(reason));
  const read: number[] = [];
  for await (const { seq } of early) read.push(seq);
  expect(heard()).toEqual(["heard 1-70"]);
  // What was fetched took some of the log; nothing else was let go for it.
  expect(reasons).toEqual(new Set(["too-slow"]));
  expect(read.length).toBeGreaterThanOrEqual(waited / 2);
  expect(read.at(-1)).toBe(70);
});

it("what cannot be had at the head says nothing of what is asked for again just then", () => {
  const behind = new CatchUp(10, {
    ...{ log: new FlowLog(100), windowBytes: KiB },
    ...{ hasRoom: () => true, tell: () => {}, wake: () => {} },
  });
  behind.onGap(90, 120, "skipped");
  expect([behind.log.head, behind.takes(11)]).toEqual([10, true]);
  behind.onGap(11, 20, "skipped");
  expect([behind.log.head, behind.takes(21)]).toEqual([20, true]);
});
