/** A neighbour that takes part in the mesh and never answers an attach. */
import { expect, it } from "vitest";
import { TIMINGS } from "../base/limits.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { mutePeer } from "./mute-peer.fixture.ts";

it("a peer that never answers an attach holds up nobody's ready for longer than 5 s", async () => {
  await using simulation = new SimulatedMesh({ settle });
  const listener = await simulation.node("listener");
  const speaker = await simulation.node("speaker", { join: ["listener"] });
  const mute = mutePeer(simulation, "memory://listener");
  await simulation.run(1_000);
  expect((await listener.topology()).nodes.map(({ name }) => name).sort()).toEqual(["listener", "mute", "speaker"]);

  const received: unknown[] = [];
  const subscription = listener.subscribe("t", {}, ({ data }) => void received.push(data));
  let isReady = false;
  void subscription.ready.then(() => {
    isReady = true;
  });
  await simulation.run(TIMINGS.attachMs - 500);
  expect(isReady).toBe(false);
  await simulation.run(1_000);
  expect(isReady).toBe(true);

  await simulation.until(speaker.waitForSubscribers("t"));
  await speaker.publish("t", 1);
  await simulation.run(10);
  expect(received).toEqual([1]);
  await simulation.until(mute.close());
});

it.each([
  ["a leaf", "leaf", "gateway"],
  ["a peer", "peer", "gateway"],
  ["a leaf that never had an edge", "leaf", "nobody"],
] as const)(
  "%s without an edge waits for one with its subscription, and not for a clock",
  async (_what, role, join) => {
    await using mesh = new SimulatedMesh({ settle });
    await mesh.node("gateway", { role: "gateway" });
    const node = await mesh.node("node", { role, join: [join] });
    await mesh.run(1_000);
    mesh.network.cut("gateway", "node");
    await mesh.run(10_000);
    const { setTimer } = mesh.clock;
    let patience = 0;
    mesh.clock.setTimer = (delayMs, run) => {
      if (delayMs === TIMINGS.attachMs) patience++;
      return setTimer.call(mesh.clock, delayMs, run);
    };
    node.subscribe("t");
    await mesh.run(10 * 60_000);
    expect(patience).toBe(0);
  },
);
