import { expect, it, onTestFinished } from "vitest";
import { keylessIdentity } from "../auth/index.ts";
import { TIMINGS } from "../base/limits.ts";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

const names = async (node: MeshNode): Promise<string[]> => (await node.topology()).nodes.map(({ name }) => name).sort();

/** Two peers in a line, and a robot at the end of it that has vanished and expired. */
async function scene() {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const identity = keylessIdentity(new SeededRandom(7));
  const far = await mesh.node("far");
  await mesh.node("near", { join: ["far"] });
  const robot = await mesh.node("robot", { join: ["near"] }, { identity });
  await mesh.run(1_000);
  expect(await names(far)).toEqual(["far", "near", "robot"]);
  mesh.network.cut("robot", "near");
  await mesh.until(robot.close());
  await mesh.run(TIMINGS.recordExpiryMs + 20_000);
  expect(far.status().directory.peers).toBe(2);
  mesh.network.healAll();
  return { mesh, far, identity };
}

it("a peer that has expired and is back with its clock set back by years is seen by all at once", async () => {
  const { mesh, far, identity } = await scene();
  mesh.clock.jumpWall(-1e12);
  await mesh.node("robot again", { join: ["near"] }, { identity });
  await mesh.run(2_000);
  expect(await names(far)).toEqual(["far", "near", "robot again"]);
});

it("and so it is where its neighbour is a newcomer and others remember it", async () => {
  const { mesh, far, identity } = await scene();
  mesh.clock.jumpWall(-1e12);
  await mesh.node("newcomer", { join: ["near"] });
  await mesh.run(2_000);
  await mesh.node("robot again", { join: ["newcomer"] }, { identity });
  await mesh.run(2_000);
  expect(await names(far)).toEqual(["far", "near", "newcomer", "robot again"]);
});
