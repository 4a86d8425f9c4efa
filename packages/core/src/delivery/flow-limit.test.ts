/** The bound on flows, 200 000, scaled down to 1 000. */
import { expect, it, vi } from "vitest";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

vi.mock("../base/limits.ts", async (original) => {
  const limits = await original<typeof import("../base/limits.ts")>();
  return { ...limits, LIMITS: { ...limits.LIMITS, flows: 1_000 } };
});

it("a node that publishes at ever new topics keeps 1 000 flows", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const origin = await mesh.node("origin", { logBytes: 64 * 1024 });
  for (let i = 0; i < 1_500; i++) void origin.publish(`t/${i}`, 1);
  expect(origin.status().log.flows).toBe(1_000);
});

it("flows declared to a neighbour that has just stopped wanting them do not end its edge", async () => {
  await using mesh = new SimulatedMesh({ settle, delayMs: 5 });
  const origin = await mesh.node("origin");
  const subscriber = await mesh.node("subscriber", { join: ["origin"] });
  await mesh.run(1_000);
  const closed: unknown[] = [];
  subscriber.on("edgeclose", ({ error }) => void closed.push(error));
  for (let round = 0; round < 15; round++) {
    const subscription = subscriber.subscribe("**", {}, () => {});
    await mesh.until(subscription.ready);
    for (let i = 0; i < 100; i++) void origin.publish(`t/${round}/${i}`, 1);
    await mesh.run(1);
    subscription.close();
    await mesh.run(100);
  }
  expect(closed).toEqual([]);
});
