import { expect, it } from "vitest";
import { keylessIdentity } from "../auth/index.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

it("edges stay as good as new when a gateway hears of its former life, from after its own clock", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const identity = keylessIdentity(new SeededRandom(7));
  const peer = await mesh.node("peer");
  const former = await mesh.node("gateway", { role: "gateway", join: ["peer"] }, { identity });
  await mesh.run(1_000);
  mesh.network.cut("gateway", "peer");
  await mesh.until(former.close());
  mesh.clock.jumpWall(-3_600_000);
  const gateway = await mesh.node("gateway", { role: "gateway", join: ["peer"] }, { identity });
  const leaf = await mesh.node("leaf", { role: "leaf", join: ["gateway"] });
  const other = await mesh.node("other", { role: "leaf", join: ["gateway"] });
  const beside = await mesh.node("beside", { join: ["gateway"] });
  const nodes = [peer, gateway, leaf, other, beside];
  await mesh.run(1_000);
  const heard = nodes.map(() => [] as string[]);
  for (const [i, node] of nodes.entries())
    node.subscribe("**", { echo: false }, ({ topic, data }) => void heard[i]!.push(`${topic} ${data}`));
  for (const node of nodes) node.expose(node.name, { name: () => node.name });
  const publish = async (data: number): Promise<void> => {
    for (const node of nodes) for (const topic of [node.name, `${node.name}/${data}`]) await node.publish(topic, data);
  };
  await mesh.run(1_000);
  await publish(1); // flows that go on in its other life
  await mesh.run(1_000);
  mesh.network.heal("gateway", "peer"); // here it hears
  await mesh.run(30_000);
  for (const list of heard) list.length = 0;
  await publish(2);
  await mesh.run(5_000);
  const all = nodes.flatMap(({ name }) => [`${name} 2`, `${name}/2 2`]).sort();
  expect(heard.map((list) => list.sort())).toEqual(
    nodes.map(({ name }) => all.filter((what) => !what.startsWith(name))),
  );
  for (const from of nodes)
    for (const to of nodes) expect(await mesh.until(from.remote<{ name(): string }>(to.name).name())).toBe(to.name);
});
