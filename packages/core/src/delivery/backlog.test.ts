import { expect, it } from "vitest";
import { LIMITS } from "../base/limits.ts";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import type { OfflinePolicy } from "./index.ts";

function listen(node: MeshNode, pattern = "**"): unknown[] {
  const heard: unknown[] = [];
  const subscription = node.subscribe(pattern, {}, ({ data }) => void heard.push(data));
  subscription.on("gap", ({ from, to, reason }) => void heard.push(`${reason} ${from}-${to}`));
  subscription.on("drop", ({ count }) => void heard.push(`${count} dropped`));
  return heard;
}

it.each(["peer", "leaf"] as const)(
  "what a %s publishes before its first edge reaches those who subscribe already, near and far, once",
  async (role) => {
    await using mesh = new SimulatedMesh({ settle });
    const far = await mesh.node("far");
    await mesh.node("middle", { join: ["far"] });
    const near = await mesh.node("near", { role: "gateway", join: ["middle"] });
    await mesh.run(1_000);
    const heard = [listen(far), listen(near)];
    await mesh.run(1_000);
    mesh.network.cut("late", "near");
    const late = await mesh.node("late", { role, join: ["near"] });
    for (const i of [1, 2, 3]) await late.publish("t", i);
    await mesh.run(2_000);
    mesh.network.heal("late", "near");
    await mesh.run(20_000);
    await late.publish("t", 4);
    await mesh.run(1_000);
    expect(heard).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
    // Who comes later begins with what comes then.
    const later = listen(far);
    await mesh.run(1_000);
    await late.publish("t", 5);
    await mesh.run(1_000);
    expect(later).toEqual([5]);
  },
);

it.each<[policy: OfflinePolicy | undefined, reliability: "reliable" | "volatile", heard: unknown[], dropped: number]>([
  ["queue", "reliable", [1, 2, 3, 4, 5], 0],
  [undefined, "reliable", [1, 2, 3, 4, 5], 0],
  ["latest", "reliable", [1, "2 dropped", 4, 5], 2],
  ["drop", "reliable", [1, "3 dropped", 5], 3],
  [undefined, "volatile", [1, "3 dropped", 5], 3],
])("with offline: %j, a %s topic goes on with %j after a cut", async (offline, reliability, expected, dropped) => {
  await using mesh = new SimulatedMesh({ settle });
  await mesh.node("gateway", { role: "gateway" });
  const reader = await mesh.node("reader", { role: "leaf", join: ["gateway"] });
  const writer = await mesh.node("writer", { role: "leaf", join: ["gateway"] });
  const own = listen(writer);
  await mesh.run(1_000);
  const heard = listen(reader);
  await mesh.run(1_000);
  const options = { reliability, ...(offline && { offline }) };
  const publish = (data: number): Promise<void> => writer.publish("t", data, options);
  await publish(1);
  await mesh.run(1_000);
  mesh.network.cut("writer", "gateway");
  await mesh.run(1_000);
  for (const i of [2, 3, 4]) await publish(i);
  await mesh.run(1_000);
  mesh.network.heal("writer", "gateway");
  await mesh.run(20_000);
  await publish(5);
  await mesh.run(1_000);
  expect(heard).toEqual(expected);
  expect(own).toEqual([1, 2, 3, 4, 5]);
  expect(writer.status().counters.offlineDrops).toBe(dropped);
});

it("of what is published before the first edge the newest mebibyte of a topic is sent", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const gateway = await mesh.node("gateway", { role: "gateway" });
  const heard = listen(gateway);
  mesh.network.cut("page", "gateway");
  const page = await mesh.node("page", { role: "leaf", join: ["gateway"] });
  const size = LIMITS.backlogBytes / 4;
  for (let i = 0; i < 10; i++) await mesh.until(page.publish("t", new Uint8Array(size).fill(i)));
  mesh.network.heal("page", "gateway");
  await mesh.run(20_000);
  expect(page.status().counters.offlineDrops).toBe(7);
  expect(heard.map((each) => (each instanceof Uint8Array ? each[0] : each))).toEqual(["7 dropped", 7, 8, 9]);
});

it("what the log has forgotten leaves its room to what is published later", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const gateway = await mesh.node("gateway", { role: "gateway" });
  const heard = listen(gateway);
  mesh.network.cut("page", "gateway");
  const page = await mesh.node("page", { role: "leaf", join: ["gateway"] });
  const publish = (i: number): Promise<void> =>
    mesh.until(page.publish("t", new Uint8Array(LIMITS.backlogBytes / 5).fill(i)));
  // Of these the log holds three at a time.
  for (let i = 1; i <= 8; i++) {
    await publish(i);
    await mesh.run(LIMITS.logAgeMs / 2);
  }
  for (const i of [9, 10]) await publish(i);
  mesh.network.heal("page", "gateway");
  await mesh.run(20_000);
  expect(heard.map((each) => (each instanceof Uint8Array ? each[0] : each))).toEqual(["forgotten 1-6", 7, 8, 9, 10]);
});

it("an edge that breaks before anybody could attach over it is none: what waited goes on waiting", async () => {
  await using mesh = new SimulatedMesh({ settle, delayMs: 50 });
  const reader = await mesh.node("reader");
  const heard = listen(reader);
  mesh.network.cut("late", "reader");
  const late = await mesh.node("late", { join: ["reader"] });
  for (const i of [1, 2]) await late.publish("t", i);
  mesh.network.heal("late", "reader");
  await mesh.until(new Promise<void>((resolve) => late.on("edgeopen", () => resolve())));
  mesh.network.cut("late", "reader");
  await mesh.run(10_000);
  await late.publish("t", 3);
  mesh.network.heal("late", "reader");
  await mesh.run(20_000);
  expect(heard).toEqual([1, 2, 3]);
});
