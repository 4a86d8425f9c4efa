import { describe, expect, it } from "vitest";
import { keylessIdentity } from "./auth/index.ts";
import { rawLeaf } from "./delivery/raw-leaf.fixture.ts";
import type { MeshNode } from "./node.ts";
import { settle } from "./testing/node-settle.fixture.ts";
import { SimulatedMesh } from "./testing/simulated-mesh.ts";

const simulate = (delayMs = 1): SimulatedMesh => new SimulatedMesh({ settle, delayMs });

describe("a leaf with several gateways", () => {
  it("backs off while all are down", async () => {
    await using mesh = simulate();
    let dials = 0;
    const transport = mesh.network.transport.bind(mesh.network);
    mesh.network.transport = (name) => {
      const real = transport(name);
      const dial: typeof real.dial = (...args) => {
        dials++;
        return real.dial(...args);
      };
      return { ...real, dial };
    };
    await mesh.node("leaf", { role: "leaf", join: ["one", "two"] });
    await mesh.run(10_000);
    expect(dials).toBeGreaterThan(2);
    expect(dials).toBeLessThan(30);
  });

  it("keeps to one of them when a connect() elsewhere fails", async () => {
    await using mesh = simulate();
    await mesh.node("one", { role: "gateway" });
    await mesh.node("two", { role: "gateway" });
    const leaf = await mesh.node("leaf", { role: "leaf", join: ["one", "two"] });
    await mesh.run(1_000);
    await expect(mesh.until(leaf.connect("memory://nowhere"))).rejects.toMatchObject({ name: "MeshError" });
    await mesh.run(1_000);
    expect(leaf.edges.length).toBe(1);
  });
});

it("a leaf that says and hears nothing keeps its edge", async () => {
  await using mesh = simulate();
  await mesh.node("gateway", { role: "gateway" });
  const leaf = await mesh.node("leaf", { role: "leaf", join: ["gateway"] });
  await mesh.run(1_000);
  const [edge] = leaf.edges;
  await mesh.run(300_000);
  expect(leaf.edges).toEqual([edge]);
});

it("connect() to an address of join that is down fails and leaves the joining alone", async () => {
  await using mesh = simulate();
  const a = await mesh.node("a", { join: ["b"] });
  await mesh.run(1_000);
  await expect(mesh.until(a.connect("memory://b"))).rejects.toMatchObject({ name: "MeshError" });
  await mesh.node("b");
  await mesh.run(60_000);
  expect(a.edges.map(({ peer }) => peer.name)).toEqual(["b"]);
});

it("connect() to a node that lets go at once opens an edge or rejects with a MeshError", async () => {
  await using mesh = simulate();
  const b = await mesh.node("b");
  const a = await mesh.node("a");
  b.on("edgeopen", ({ peer }) => void b.disconnect(peer.id));
  const outcome = a.connect("memory://b").then(
    (edge) => edge.peer.name,
    (error) => error.name,
  );
  expect(await mesh.until(outcome)).toMatch(/^(b|MeshError)$/);
});

it("disconnect() of a node that is down just now ends the redialling", async () => {
  await using mesh = simulate();
  const b = await mesh.node("b");
  const a = await mesh.node("a");
  await mesh.until(a.connect("memory://b"));
  mesh.network.cut("a", "b");
  await mesh.run(1_000);
  await mesh.until(a.disconnect(b.id));
  mesh.network.heal("a", "b");
  await mesh.run(60_000);
  expect(a.edges.length).toBe(0);
});

it("an address to advertise that is too long is refused when the node is made", async () => {
  await using mesh = simulate();
  await expect(mesh.node("a", { advertise: [`memory://${"x".repeat(600)}`] })).rejects.toThrow(/advertise/);
});

describe("waitForSubscribers() means that what is published next arrives", () => {
  /** Subscribe `node` to "t". */
  async function subscribe(mesh: SimulatedMesh, node: MeshNode): Promise<unknown[]> {
    const heard: unknown[] = [];
    await mesh.until(node.subscribe("t", {}, ({ data }) => void heard.push(data)).ready);
    return heard;
  }

  async function waitAndPublish(mesh: SimulatedMesh, node: MeshNode): Promise<void> {
    await mesh.until(node.waitForSubscribers("t"));
    void node.publish("t", 1);
    await mesh.run(1_000);
  }

  it("at a neighbour just joined", async () => {
    await using mesh = simulate();
    const heard = await subscribe(mesh, await mesh.node("subscriber"));
    await waitAndPublish(mesh, await mesh.node("publisher", { join: ["subscriber"] }));
    expect(heard).toEqual([1]);
  });

  it("beyond a relay just joined", async () => {
    await using mesh = simulate(5);
    const heard = await subscribe(mesh, await mesh.node("subscriber"));
    await mesh.node("relay", { join: ["subscriber"] });
    await mesh.run(1_000);
    await waitAndPublish(mesh, await mesh.node("publisher", { join: ["relay"] }));
    expect(heard).toEqual([1]);
  });

  it("at its gateway, from a leaf", async () => {
    await using mesh = simulate();
    const gateway = await mesh.node("gateway", { role: "gateway" });
    const leaf = await mesh.node("leaf", { role: "leaf", join: ["gateway"] });
    await mesh.run(1_000);
    const heard = await subscribe(mesh, gateway);
    await waitAndPublish(mesh, leaf);
    expect(heard).toEqual([1]);
  });

  it("at another leaf, from one just joined", async () => {
    await using mesh = simulate(10);
    await mesh.node("gateway", { role: "gateway" });
    const one = await mesh.node("one", { role: "leaf", join: ["gateway"] });
    await mesh.run(1_000);
    const heard = await subscribe(mesh, one);
    await mesh.run(1_000);
    await waitAndPublish(mesh, await mesh.node("two", { role: "leaf", join: ["gateway"] }));
    expect(heard).toEqual([1]);
  });
});

it("connect() gives the edge that opened, also when it is ended as soon as it is known", async () => {
  await using mesh = simulate();
  await mesh.node("a");
  const b = await mesh.node("b");
  b.on("edgeopen", ({ peer }) => void b.disconnect(peer.id));
  await expect(mesh.until(b.connect("memory://a"))).resolves.toMatchObject({ peer: { name: "a" } });
  expect(b.edges).toEqual([]);
});

it("a gateway that was started anew with its clock put back tells its leaves the life it goes on with", async () => {
  await using mesh = simulate();
  await mesh.node("peer");
  const identity = keylessIdentity(mesh.random);
  const former = await mesh.node("gateway", { role: "gateway", join: ["peer"] }, { identity });
  await mesh.until(former.ready());
  await mesh.run(1_000);
  mesh.network.crash("gateway");
  await mesh.until(former.close({ timeoutMs: 0 }));
  mesh.clock.jumpWall(-3_600_000);
  await mesh.until((await mesh.node("gateway", { role: "gateway", join: ["peer"] }, { identity })).ready());
  await mesh.run(1_000);
  const leaf = rawLeaf(mesh, "leaf", "gateway");
  await mesh.run(1_000);
  expect(leaf.gatewayIncarnation).toBe(leaf.incarnationOf(identity.id));
  expect(leaf.gatewayIncarnation).toBeGreaterThan(mesh.clock.wallNow());
  await mesh.until(leaf.close());
});

describe("a join that has never worked", () => {
  it("is told once as an error, also when it goes on failing", async () => {
    await using mesh = simulate();
    const node = await mesh.node("a", { join: ["b"] });
    const errors: unknown[] = [];
    node.on("error", (error) => void errors.push(error));
    await mesh.run(120_000);
    expect(errors).toEqual([expect.objectContaining({ name: "MeshError", code: "dial-failed" })]);
    expect(errors[0]).toHaveProperty(
      "message",
      expect.stringMatching(/cannot join memory:\/\/b.*nobody listens there/s),
    );
  });

  it("is told by a leaf when none of its gateways can be reached", async () => {
    await using mesh = simulate();
    const told = async (leaf: MeshNode): Promise<number> => {
      let count = 0;
      leaf.on("error", () => void count++);
      await mesh.run(60_000);
      return count;
    };
    const join = ["one", "two"];
    expect(await told(await mesh.node("lost", { role: "leaf", join }))).toBe(1);
    await mesh.node("two", { role: "gateway" });
    expect(await told(await mesh.node("found", { role: "leaf", join }))).toBe(0);
  });

  it("is printed once when neither a listener nor a logger hears of it", async () => {
    await using mesh = simulate();
    const printed: unknown[] = [];
    const warn = (_text: string, error: unknown): void => void printed.push(error);
    await mesh.node("a", { join: ["b", "c"] }, { warn });
    await mesh.node("heard", { join: ["d"], logger: { log() {} } }, { warn });
    await mesh.run(60_000);
    expect(printed).toEqual([expect.stringContaining("memory://b")]);
  });
});

it("a handler that throws is printed once when nobody listens for errors", async () => {
  await using mesh = simulate();
  const printed: unknown[] = [];
  const node = await mesh.node("a", {}, { warn: (_text, error) => void printed.push(error) });
  const failure = new TypeError("a mistake of the user");
  await mesh.until(
    node.subscribe("t", {}, () => {
      throw failure;
    }).ready,
  );
  for (let i = 0; i < 3; i++) void node.publish("t", i);
  await mesh.run(1_000);
  expect(printed).toEqual([failure]);
});

it("an edge that was there and is lost is no error: edgeclose and connection tell of it", async () => {
  await using mesh = simulate();
  await mesh.node("b");
  const a = await mesh.node("a", { join: ["b"] });
  await mesh.until(a.ready());
  const errors: unknown[] = [];
  a.on("error", (error) => void errors.push(error));
  mesh.network.cut("a", "b");
  await mesh.run(60_000);
  expect(errors).toEqual([]);
});
