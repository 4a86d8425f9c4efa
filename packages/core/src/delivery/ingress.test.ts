import { expect, it, onTestFinished } from "vitest";
import type { Action, Subject } from "../auth/index.ts";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

/**
 * A page on a gateway with rules, and a peer on its other side. What was refused is checked against the counter and the
 * log, and afterwards both edges of the gateway must be there still.
 */
async function guarded(allows: (subject: Subject, action: Action, resource: string) => boolean) {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const logged: unknown[] = [];
  const gateway = await mesh.node(
    "gateway",
    {
      role: "gateway",
      logger: {
        log: (_level, event, { name, action, resource }) => {
          if (event === "refused") logged.push(`${name} ${action} ${resource}`);
        },
      },
    },
    { authorize: allows },
  );
  const page = await mesh.node("page", { role: "leaf", join: ["gateway"] });
  const peer = await mesh.node("peer", { join: ["gateway"] });
  await mesh.until(Promise.all([page.ready(), peer.ready()]));
  await mesh.run(100);
  const told: string[] = [];
  for (const node of [page, peer]) node.on("error", (error) => told.push(`${node.name}: ${(error as Error).message}`));
  const unharmed = (): void => {
    expect([gateway.status().counters.refused, gateway.edges.length]).toEqual([logged.length, 2]);
  };
  return { mesh, gateway, page, peer, logged, told, unharmed };
}

/** Topics of what `node` hears from now on. */
async function heardBy(mesh: SimulatedMesh, node: MeshNode, ...patterns: string[]): Promise<string[]> {
  const heard: string[] = [];
  for (const pattern of patterns)
    await mesh.until(node.subscribe(pattern, {}, ({ topic }) => void heard.push(topic)).ready);
  return heard;
}

it("a topic a neighbour may not publish on stays out, told and counted once, and its others come", async () => {
  const { mesh, page, peer, logged, told, unharmed } = await guarded(
    (_subject, action, resource) => action !== "publish" || !resource.startsWith("secret/"),
  );
  const byPeer = await heardBy(mesh, peer, "**");
  const byPage = await heardBy(mesh, page, "**");
  for (let i = 0; i < 2; i++) {
    for (const node of [page, peer])
      for (const topic of ["secret", "open"]) await node.publish(`${topic}/${node.name}`, i);
    await mesh.run(100);
  }
  expect(byPeer.filter((topic) => topic.endsWith("page"))).toEqual(["open/page", "open/page"]);
  expect(byPage.filter((topic) => topic.endsWith("peer"))).toEqual(["open/peer", "open/peer"]);
  expect(logged.toSorted()).toEqual(["page publish secret/page", "peer publish secret/peer"]);
  expect(told.toSorted()).toEqual([
    'page: [forbidden] gateway does not let this node publish "secret/page"',
    'peer: [forbidden] gateway does not let this node publish "secret/peer"',
  ]);
  unharmed();
});

it("a topic that was refused is not sent any more by who was told, and is once it is allowed and asked for anew", async () => {
  let isAllowed = false;
  const { mesh, gateway, page, peer } = await guarded((_subject, action) => action !== "publish" || isAllowed);
  const subscription = gateway.subscribe("t");
  await mesh.until(subscription.ready);
  const say = async (data: number): Promise<void> => {
    for (const node of [page, peer]) await node.publish("t", data);
    await mesh.run(100);
  };
  await say(1); // on its way before anybody is told
  expect(gateway.status().counters.unwanted).toBe(2);
  for (const data of [2, 3]) await say(data);
  expect(gateway.status().counters.unwanted).toBe(2);
  subscription.close();
  isAllowed = true;
  await mesh.run(100);
  const heard = await heardBy(mesh, gateway, "t");
  await say(4);
  expect(heard).toEqual(["t", "t"]);
});

it("a pattern a neighbour may not subscribe to brings nothing, and nobody waits for it", async () => {
  const { mesh, gateway, page, peer, logged, told, unharmed } = await guarded(
    (_subject, action, resource) => action !== "subscribe" || !resource.startsWith("secret/"),
  );
  const heard = [await heardBy(mesh, page, "secret/*", "open/*"), await heardBy(mesh, peer, "secret/*", "open/*")];
  for (const topic of ["secret/a", "open/a"]) await gateway.publish(topic, 1);
  await mesh.run(100);
  expect(heard).toEqual([["open/a"], ["open/a"]]);
  expect(new Set(logged)).toEqual(new Set(["page subscribe secret/*", "peer subscribe secret/*"]));
  expect(told).toContain('page: [forbidden] gateway does not let this node subscribe "secret/*"');
  unharmed();
});

it("a call a neighbour may not make rejects with forbidden and did not run; others do", async () => {
  const { mesh, gateway, page, peer, logged, told, unharmed } = await guarded(
    ({ role }, action, resource) => role !== "leaf" || action !== "call" || resource === gatewayId,
  );
  const gatewayId = gateway.id;
  let ran = 0;
  for (const node of [peer, gateway]) node.expose("counter", { add: () => ++ran });
  await mesh.run(100);
  const counter = (node: string) => page.remote<{ add(): number }>("counter", { node });
  await expect(mesh.until(counter("peer").add())).rejects.toMatchObject({
    code: "forbidden",
    message: expect.stringContaining("the call did not run"),
  });
  await expect(mesh.until(page.ping(peer.id))).rejects.toMatchObject({ code: "forbidden" });
  expect(await mesh.until(counter("gateway").add())).toBe(1);
  expect([logged, told]).toEqual([Array(2).fill(`page call ${peer.id}`), []]);
  unharmed();
});

it("a peer whose messages are not passed on is heard by its neighbour only, and its calls end there", async () => {
  const { mesh, gateway, page, peer, logged, told, unharmed } = await guarded(
    (_subject, action, resource) => action !== "relay" || resource !== peerId,
  );
  const peerId = peer.id;
  const far = await mesh.node("far", { join: ["gateway"] });
  await mesh.until(far.ready());
  far.on("error", (error) => told.push(`far: ${(error as Error).message}`));
  const byGateway = await heardBy(mesh, gateway, "a");
  const heard = [await heardBy(mesh, page, "a", "b"), await heardBy(mesh, far, "a", "b")];
  await peer.publish("a", 1);
  await gateway.publish("b", 1);
  await mesh.run(100);
  expect([byGateway, heard]).toEqual([["a"], [["b"], ["b"]]]);
  for (const node of [far, gateway]) node.expose("echo", { back: (value: number) => value });
  await mesh.run(100);
  const echo = (node: string) => peer.remote<{ back(value: number): number }>("echo", { node });
  await expect(mesh.until(echo("far").back(1))).rejects.toMatchObject({ code: "forbidden" });
  expect(await mesh.until(echo("gateway").back(2))).toBe(2);
  expect(logged).toContain(`peer relay ${peerId}`);
  expect(new Set(told)).toEqual(
    new Set(["page", "far"].map((name) => `${name}: [forbidden] gateway does not pass on messages of ${peerId}`)),
  );
  await mesh.until(far.close());
  await mesh.run(100);
  unharmed();
});
