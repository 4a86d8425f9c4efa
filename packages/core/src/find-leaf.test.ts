import { expect, it, onTestFinished } from "vitest";
import { LIMITS } from "./base/limits.ts";
import type { MeshNode } from "./node.ts";
import { settle } from "./testing/node-settle.fixture.ts";
import { SimulatedMesh } from "./testing/simulated-mesh.ts";
import { SleepingPage } from "./testing/sleeping-page.ts";

/** A sender far from two gateways, of which one has a page that exposes nothing and is heard of by nobody. */
async function scene() {
  const mesh = new SimulatedMesh({ settle });
  const sleeper = new SleepingPage(mesh, "page");
  onTestFinished(() => {
    sleeper.go();
    return mesh[Symbol.asyncDispose]();
  });
  const relay = await mesh.node("relay", { role: "gateway" });
  const east = await mesh.node("east", { role: "gateway", join: ["relay"] });
  const west = await mesh.node("west", { role: "gateway", join: ["relay"] });
  const sender = await mesh.node("sender", { join: ["relay"] });
  const page = await mesh.node("page", { role: "leaf", join: ["east", "west"] }, sleeper.runtime);
  const got: unknown[] = [];
  page.subscribe("a", {}, ({ data }) => void got.push(data));
  await mesh.until(Promise.all([sender.ready(), page.ready()]));
  await mesh.run(200);
  return { mesh, sleeper, relay, east, west, sender, page, got };
}

it("a leaf that exposes nothing and never spoke is sent to, pinged, and sent to from another gateway's leaf", async () => {
  const { mesh, sender, west, page, got } = await scene();
  await mesh.until(sender.ping(page.id), 100);
  await mesh.until(sender.send(page.id, "a", "from afar"), 100);
  const other = await mesh.node("other", { role: "leaf", join: ["west"] });
  await mesh.until(other.ready());
  await mesh.until(other.send(page.id, "a", "from a leaf"), 100);
  await mesh.until(west.send(page.id, "a", "from a gateway"), 100);
  expect(got).toEqual(["from afar", "from a leaf", "from a gateway"]);
});

it("who published something can be answered", async () => {
  const { mesh, sender, page, got } = await scene();
  const answered: Promise<void>[] = [];
  const questions = sender.subscribe(
    "question",
    {},
    ({ origin }) => void answered.push(sender.send(origin, "a", "yes")),
  );
  await mesh.until(questions.ready);
  await page.publish("question", "who is there?");
  await mesh.run(100);
  await Promise.all(answered);
  expect(got).toEqual(["yes"]);
});

it("a leaf that moved is found where it is now, and what is sent meanwhile comes in order", async () => {
  const { mesh, sender, page, got, east, west } = await scene();
  const homeOf = (): string | undefined => page.edges[0]?.peer.id;
  expect(homeOf()).toBe(east.id);
  mesh.network.crash("east", { detectMs: 10 });
  void east.close({ timeoutMs: 0 });
  const sent = [1, 2, 3].map((number) => sender.send(page.id, "a", number));
  await mesh.until(Promise.all(sent));
  expect(homeOf()).toBe(west.id);
  expect(got).toEqual([1, 2, 3]);
});

it("nobody's leaf is known to be unreachable as soon as all gateways have answered twice, in case it is moving", async () => {
  const { mesh, sender } = await scene();
  const nobody = "0".repeat(32);
  await expect(mesh.until(sender.send(nobody, "a", 1), 1_100)).rejects.toMatchObject({ code: "unreachable" });
  await expect(mesh.until(sender.ping(nobody), 1_100)).rejects.toMatchObject({ code: "unreachable" });
});

it("a gateway that does not answer is not waited for longer than 5 s", async () => {
  const { mesh, sender } = await scene();
  mesh.network.cut("west", "relay", { detectMs: 60_000 });
  const startedMs = mesh.clock.now();
  await expect(mesh.until(sender.send("f".repeat(32), "a", 1))).rejects.toMatchObject({ code: "unreachable" });
  expect(mesh.clock.now() - startedMs).toBeLessThanOrEqual(5_000);
});

it.each<[what: string, sleepMs: number, hides: boolean]>([
  ["frozen for two minutes, its place being kept for it", 120_000, true],
  ["stopped for 50 s without a word", 50_000, false],
])("a page %s gets what was sent to it when it wakes", async (_what, sleepMs, hides) => {
  const { mesh, sleeper, sender, page, got } = await scene();
  if (hides) sleeper.tell("hidden", "freeze");
  await mesh.run(10);
  sleeper.stop();
  await mesh.run(5_000);
  const sent = [1, 2, 3].map((number) => sender.send(page.id, "a", number));
  await mesh.run(sleepMs);
  expect(got).toEqual([]);
  sleeper.go();
  if (hides) sleeper.tell("resume", "visible");
  await mesh.until(Promise.all(sent));
  expect(got).toEqual([1, 2, 3]);
});

it("what was sent to a page that does not come back is lost when its place is given up", async () => {
  const { mesh, page, sender } = await scene();
  mesh.network.crash("page", { detectMs: 10 });
  void page.close({ timeoutMs: 0 });
  await mesh.run(100);
  const sent = sender.send(page.id, "a", 1);
  await expect(mesh.until(sent, 2 * LIMITS.leafLeaseMs)).rejects.toMatchObject({ code: "peer-lost" });
});

it("messages sent before and after their node is found come in order", async () => {
  const { mesh, sender, page, got } = await scene();
  const sends = [sender.send(page.id, "a", 1), sender.send(page.id, "a", 2)];
  const spoken = page.send(sender.id, "a", "so I am known now");
  sender.subscribe("a");
  for (let step = 0; step < 10; step++) {
    sends.push(sender.send(page.id, "a", 3 + step));
    await mesh.run(1);
  }
  await mesh.until(Promise.all([...sends, spoken]));
  expect(got).toEqual(Array.from(sends, (_, i) => 1 + i));
});

it("what waits for its node to be found is bounded", async () => {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const lonely: MeshNode = await mesh.node("lonely", { role: "leaf", join: ["nowhere"] });
  const node = "a".repeat(32);
  const part = new Uint8Array(LIMITS.leafMessageBytes / 2);
  const outcomes: string[] = [];
  for (let sent = 0; sent < LIMITS.pipeQueueBytes; sent += part.byteLength)
    lonely.send(node, "a", part, { timeoutMs: 1_000 }).catch(({ code }) => outcomes.push(code));
  await mesh.run(10);
  expect(outcomes).toEqual(["overflow"]);
  await mesh.run(2_000);
  expect(new Set(outcomes)).toEqual(new Set(["overflow", "timed-out"]));
  const many = Array.from({ length: 5_000 }, (_, i) =>
    lonely.send(`${i}`.padStart(32, "b"), "a", 1, { timeoutMs: 1_000 }),
  );
  const codes = (await mesh.until(Promise.allSettled(many))).map((end) => end.status === "rejected" && end.reason.code);
  expect([codes[0], codes.at(-1)]).toEqual(["timed-out", "overflow"]);
  const again = lonely.send(node, "a", part, { timeoutMs: 1_000 });
  await expect(mesh.until(again)).rejects.toMatchObject({ code: "timed-out" });
});
