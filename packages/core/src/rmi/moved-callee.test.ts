/** Calls of a page whose gateway was not told that it has gone: its way died without a sign. */
import { describe, expect, it, onTestFinished } from "vitest";
import type { Clock } from "../base/clock.ts";
import type { LifecycleEvent } from "../base/lifecycle.ts";
import { dispose } from "../base/platform.ts";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

const NEVER_MS = 10 * 60_000;

/** A page on the first of two gateways, and a peer behind each. @param aheadMs The wall clock of the second. */
async function scene(aheadMs = 0) {
  const mesh = new SimulatedMesh({ settle, delayMs: 5 });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const { clock } = mesh;
  const ahead: Clock = {
    now: () => clock.now(),
    wallNow: () => clock.wallNow() + aheadMs,
    setTimer: (delayMs, run) => clock.setTimer(delayMs, run),
    soon: (run) => clock.soon(run),
  };
  const one = await mesh.node("one", { role: "gateway" });
  const two = await mesh.node("two", { role: "gateway", join: ["one"] }, { clock: ahead });
  const nodes = {
    one,
    two,
    "near one": await mesh.node("near one", { join: ["one"] }),
    "near two": await mesh.node("near two", { join: ["two"] }),
  };
  let tell = (_event: LifecycleEvent): void => {};
  const watch = (listener: typeof tell): Disposable => {
    tell = listener;
    return { [dispose]: () => {} };
  };
  const page = await mesh.node("page", { role: "leaf", join: ["one", "two"] }, { lifecycle: { watch } });
  page.expose("page", { where: () => page.edges[0]?.peer.name });
  await mesh.run(2_000);
  return {
    mesh,
    nodes,
    /** Its way dies without a sign to its gateway; the page looks for itself, and goes to the other. */
    async move() {
      const from = page.edges[0]!.peer.name;
      mesh.network.cut("page", from, { detectMs: NEVER_MS });
      tell("online");
      await mesh.run(3_600);
      const to = page.edges[0]?.peer.name;
      mesh.network.heal("page", from);
      expect([to === from, nodes[from as "one"].edges.some(({ peer }) => peer.name === "page")]).toEqual([false, true]);
    },
    /** Where a node, which never spoke to the page before, reaches it, and how long that takes. */
    async call(node: MeshNode) {
      const beganAtMs = mesh.clock.now();
      const where = await mesh.until(node.remote<{ where(): string }>("page", { node: page.id }).where());
      return { where, withinMs: mesh.clock.now() - beganAtMs };
    },
  };
}

describe.each(["one", "two", "near one", "near two"] as const)("a call from %s", (caller) => {
  it("reaches a page where it went, though its former gateway believes it is there", async () => {
    const { mesh, nodes, move, call } = await scene();
    await move();
    await mesh.run(200);
    expect(await call(nodes[caller])).toEqual({ where: "two", withinMs: expect.toSatisfy((ms: number) => ms < 100) });
  });

  it("reaches a page that has come back, though both gateways believe that it is there", async () => {
    const { mesh, nodes, move, call } = await scene();
    await move();
    await move();
    await mesh.run(200);
    expect(await call(nodes[caller])).toEqual({ where: "one", withinMs: expect.toSatisfy((ms: number) => ms < 100) });
  });
});

describe.each([
  ["behind", -60 * 60_000],
  ["ahead", 3 * 60 * 60_000],
])("a page whose second gateway's clock is %s", (_what, aheadMs) => {
  it("is reached where it is, at the second and when it has come back", async () => {
    const { mesh, nodes, move, call } = await scene(aheadMs);
    await move();
    await mesh.run(200);
    expect(await call(nodes["near one"])).toEqual({
      where: "two",
      withinMs: expect.toSatisfy((ms: number) => ms < 100),
    });
    await move();
    await mesh.run(200);
    expect(await call(nodes["near two"])).toEqual({
      where: "one",
      withinMs: expect.toSatisfy((ms: number) => ms < 100),
    });
  });
});
