/** Subscriptions that begin while there is traffic: virtual time, simulated network. */
import { expect, it, onTestFinished } from "vitest";
import { TIMINGS } from "../base/limits.ts";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { mutePeer } from "./mute-peer.fixture.ts";

/** origin - relay - far, a gateway with a leaf. A peer beside `muteAt`, if any, never answers an attach. */
async function line(muteAt?: string) {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const origin = await mesh.node("origin");
  const relay = await mesh.node("relay", { join: ["origin"] });
  const far = await mesh.node("far", { role: "gateway", join: ["relay"] });
  const leaf = await mesh.node("leaf", { role: "leaf", join: ["far"] });
  if (muteAt) {
    const mute = mutePeer(mesh, `memory://${muteAt}`);
    onTestFinished(() => mesh.until(mute.close()));
  }
  await mesh.run(1_000);
  expect((await far.topology()).nodes.length).toBe(muteAt ? 4 : 3);
  return { mesh, origin, relay, far, leaf };
}

/** Publishes 1, 2, 3 ... on "t", one every 3 ms. */
function talk(mesh: SimulatedMesh, node: MeshNode): void {
  let next = 1;
  let timer: Disposable;
  const speak = (): void => {
    void node.publish("t", next++);
    timer = mesh.clock.setTimer(3, speak);
  };
  speak();
  onTestFinished(() => timer[Symbol.dispose]());
}

/** What "t" brings, and what was fetched or dropped for it anywhere, once the subscription has been ready for a second. */
async function subscribe(mesh: SimulatedMesh, node: MeshNode) {
  const heard: number[] = [];
  const subscription = node.subscribe("t", {}, ({ data }) => void heard.push(data as number));
  subscription.on("gap", (gap) => expect(gap).toBeUndefined());
  const isReady = subscription.ready.then(() => heard.length);
  const heardWhenReady = await mesh.until(isReady);
  await mesh.run(1_000);
  expect(heard.length).toBeGreaterThan(heardWhenReady + 300);
  expect(heard).toEqual(heard.map((_, i) => heard[0]! + i));
  const counters = [...mesh.nodes.values()].map((each) => {
    const { resumes, unwanted, duplicates } = each.status().counters;
    return { node: each.name, resumes, unwanted, duplicates };
  });
  return { heardWhenReady, needless: counters.filter((each) => each.resumes + each.unwanted + each.duplicates > 0) };
}

it.each([undefined, "far", "relay"])(
  "who subscribes under traffic is sent nothing twice (mute: %s)",
  async (muteAt) => {
    const { mesh, origin, far, leaf } = await line(muteAt);
    talk(mesh, origin);
    for (const node of [leaf, far, leaf]) expect((await subscribe(mesh, node)).needless).toEqual([]);
  },
);

it("messages on a topic that began while the subscription waited for another origin come at once", async () => {
  const { mesh, origin, leaf } = await line("far");
  const heard: unknown[] = [];
  const subscription = leaf.subscribe("t", {}, ({ data }) => void heard.push(data));
  await mesh.run(TIMINGS.attachMs / 2);
  void origin.publish("t", 1);
  await mesh.run(100);
  expect(heard).toEqual([1]);
  await mesh.until(subscription.ready);
  void origin.publish("t", 2);
  await mesh.run(100);
  expect([heard, leaf.status().counters]).toMatchObject([[1, 2], { resumes: 0, unwanted: 0, duplicates: 0 }]);
});
