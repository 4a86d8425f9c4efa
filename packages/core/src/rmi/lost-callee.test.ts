import { describe, expect, it, onTestFinished } from "vitest";
import { keylessIdentity } from "../auth/index.ts";
import { createNode, type MeshNode } from "../node.ts";
import { peerParts } from "../role-parts.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

interface Service {
  wait(): Promise<unknown>;
}

const RAN = { code: "peer-lost", message: expect.stringContaining("the call may have run") };

function simulated(): SimulatedMesh {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  return mesh;
}

/** Exposes a method whose calls are answered by hand, in order. */
function exposeWait(node: MeshNode): ((value: unknown) => void)[] {
  const answers: ((value: unknown) => void)[] = [];
  node.expose("service", { wait: () => new Promise((resolve) => answers.push(resolve)) });
  return answers;
}

/** How a call ended; empty while it has not. */
interface Outcome {
  value?: unknown;
  error?: unknown;
}

function callingFrom(caller: MeshNode, timeoutMs = 10_000): Outcome {
  const outcome: Outcome = {};
  caller
    .remote<Service>("service", { timeoutMs })
    .wait()
    .then(
      (value) => Object.assign(outcome, { value }),
      (error: unknown) => Object.assign(outcome, { error }),
    );
  return outcome;
}

/** A page on a gateway; the caller is a peer beside the gateway, or another page of it. */
async function withPage(callerRole: "peer" | "leaf") {
  const mesh = simulated();
  const gateway = await mesh.node("gateway", { role: "gateway" });
  const page = await mesh.node("page", { role: "leaf", join: ["gateway"] });
  const caller = await mesh.node("caller", { role: callerRole, join: ["gateway"] });
  const answers = exposeWait(page);
  await mesh.until(Promise.all([page.ready(), caller.ready()]));
  await mesh.run(100);
  return { mesh, gateway, page, caller, answers };
}

describe("a call to a page, from a peer", () => callsToPage("peer"));
describe("a call to a page, from another page", () => callsToPage("leaf"));

function callsToPage(callerRole: "peer" | "leaf"): void {
  it("rejects with peer-lost when the page is closed", async () => {
    const { mesh, page, caller, answers } = await withPage(callerRole);
    const outcome = callingFrom(caller);
    await mesh.run(100);
    expect(answers).toHaveLength(1);
    await mesh.until(page.close());
    await mesh.run(100);
    expect(outcome).toMatchObject({ error: RAN });
  });

  it("is answered when the page loses its link for a moment, also if the answer was on its way then", async () => {
    const { mesh, caller, answers } = await withPage(callerRole);
    const outcomes = [callingFrom(caller), callingFrom(caller)];
    await mesh.run(100);
    answers[0]!("on its way");
    mesh.network.cut("page", "gateway");
    await mesh.run(100);
    answers[1]!("given meanwhile");
    expect(outcomes).toEqual([{}, {}]);
    mesh.network.heal("page", "gateway");
    await mesh.run(5_000);
    expect(outcomes).toEqual([{ value: "on its way" }, { value: "given meanwhile" }]);
    expect([answers.length, caller.status().calls.pending]).toEqual([2, 0]);
  });

  it("rejects with peer-lost when the page has lost its link for longer than its lease", async () => {
    const { mesh, caller } = await withPage(callerRole);
    const outcome = callingFrom(caller, 300_000);
    await mesh.run(100);
    mesh.network.cut("page", "gateway");
    await mesh.run(60_000);
    expect(outcome).toEqual({});
    await mesh.run(25_000);
    expect(outcome).toMatchObject({ error: RAN });
  });

  it("goes on at the page's other gateway when the first dies, and rejects with peer-lost when there is none", async () => {
    for (const gateways of [["gateway", "hub"], ["gateway"]]) {
      const mesh = simulated();
      await mesh.node("hub", { role: "gateway" });
      const gateway = await mesh.node("gateway", { role: "gateway", join: ["hub"] });
      const page = await mesh.node("page", { role: "leaf", join: gateways });
      const caller = await mesh.node("caller", { role: callerRole, join: ["hub"] });
      const answers = exposeWait(page);
      await mesh.until(Promise.all([page.ready(), caller.ready()]));
      await mesh.run(100);
      const outcome = callingFrom(caller, 600_000);
      await mesh.run(100);
      mesh.network.crash("gateway");
      await mesh.until(gateway.close({ timeoutMs: 0 }));
      answers[0]!("from elsewhere");
      await mesh.run(5_000);
      expect(outcome).toEqual(gateways.length > 1 ? { value: "from elsewhere" } : {});
      await mesh.run(75_000);
      expect(outcome).toMatchObject(gateways.length > 1 ? {} : { error: RAN });
    }
  });

  it("goes on when the page only stops exposing the object", async () => {
    const { mesh, page, caller } = await withPage(callerRole);
    const answers: ((value: unknown) => void)[] = [];
    const exposed = page.expose("other", { wait: () => new Promise((resolve) => answers.push(resolve)) });
    await mesh.run(100);
    const result = caller.remote<Service>("other").wait();
    await mesh.run(100);
    exposed.close();
    await mesh.run(8_000);
    answers[0]!("answered");
    expect(await mesh.until(result)).toBe("answered");
  });
}

describe("a call to a peer further away", () => {
  it("rejects with peer-lost when the peer was started anew, which is quicker than being missed", async () => {
    const mesh = simulated();
    const relay = await mesh.node("relay");
    const caller = await mesh.node("caller", { join: ["relay"] });
    const identity = keylessIdentity(mesh.random);
    const start = async (): Promise<MeshNode> => {
      const callee = await createNode(
        { name: "callee", join: ["memory://relay"] },
        {
          ...{ clock: mesh.clock, random: mesh.random, identity, role: "peer", peerParts },
          transports: [mesh.network.transport("callee")],
        },
      );
      mesh.nodes.set("callee", callee);
      exposeWait(callee);
      await mesh.until(callee.ready());
      return callee;
    };
    const callee = await start();
    await mesh.run(100);
    const left: string[] = [];
    for (const node of [relay, caller]) node.on("nodeleave", ({ reason }) => void left.push(`${node.name} ${reason}`));
    const outcome = callingFrom(caller);
    await mesh.run(100);
    mesh.network.crash("callee", { detectMs: 60_000 });
    await mesh.until(callee.close({ timeoutMs: 0 }));
    await start();
    await mesh.run(100);
    expect([left.sort(), outcome]).toMatchObject([["caller unreachable", "relay unreachable"], { error: RAN }]);
  });

  it("is answered when its answer was lost on the way", async () => {
    const mesh = simulated();
    await mesh.node("callee");
    await mesh.node("a", { join: ["callee"] });
    await mesh.node("b", { join: ["callee", "a"] });
    const caller = await mesh.node("caller", { join: ["a"] });
    const answers = exposeWait(mesh.nodes.get("callee")!);
    await mesh.until(caller.ready());
    await mesh.run(3_000);
    const outcome = callingFrom(caller);
    await mesh.run(100);
    answers[0]!("lost");
    mesh.network.drop("callee", "a");
    await mesh.run(1_000);
    expect(outcome).toEqual({ value: "lost" });
  });
});

describe("a caller that was started anew", () => {
  it("does not take the answer to a call of its former life for its own", async () => {
    const mesh = simulated();
    const callee = await mesh.node("callee");
    const answers = exposeWait(callee);
    const identity = keylessIdentity(mesh.random);
    const start = async (): Promise<MeshNode> => {
      const caller = await createNode(
        { name: "caller", join: ["memory://callee"] },
        {
          ...{ clock: mesh.clock, random: mesh.random, identity, role: "peer", peerParts },
          transports: [mesh.network.transport("caller")],
        },
      );
      mesh.nodes.set("caller", caller);
      await mesh.until(caller.ready());
      return caller;
    };
    const former = await start();
    await mesh.run(100);
    callingFrom(former);
    await mesh.run(100);
    mesh.network.crash("caller", { detectMs: 60_000 });
    await mesh.until(former.close({ timeoutMs: 0 }));
    const caller = await start();
    await mesh.run(100);
    const outcome = callingFrom(caller);
    await mesh.run(100);
    answers[0]!("for the former");
    await mesh.run(100);
    expect(outcome).toEqual({});
    answers[1]!("for the present");
    await mesh.run(100);
    expect(outcome).toMatchObject({ value: "for the present" });
  });
});

describe("a remote kept after its node was closed", () => {
  it("rejects calls with closed", async () => {
    const mesh = simulated();
    const node = await mesh.node("node");
    exposeWait(node);
    const remote = node.remote<Service>("service");
    await mesh.until(node.close());
    await expect(remote.wait()).rejects.toMatchObject({ code: "closed" });
  });
});

it("a leaf is called at its gateway of now, also where one that was killed is still listed", async () => {
  await using mesh = new SimulatedMesh({ settle });
  const peer = await mesh.node("peer");
  const options = { role: "gateway", join: ["peer"] } as const;
  await mesh.node("gateway", options);
  const page = await mesh.node("page", { role: "leaf", join: ["gateway"] });
  page.expose("page", { show: () => "shown" });
  await mesh.run(2_000);
  for (let round = 0; round < 2; round++) {
    mesh.network.crash("gateway", { detectMs: 10 });
    void mesh.nodes.get("gateway")!.close({ timeoutMs: 0 });
    await mesh.run(1_000);
    await mesh.node("gateway", options);
    await mesh.run(20_000);
  }
  expect(await mesh.until(peer.remote<{ show(): string }>("page", { node: "page" }).show(), 2_000)).toBe("shown");
});
