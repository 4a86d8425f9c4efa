import { describe, expect, it, onTestFinished } from "vitest";
import { ed25519Identity, ed25519Verifier, pageIdentity } from "../auth/ed25519.fixture.ts";
import { type Authorize, keylessIdentity, SECRET_BYTES } from "../auth/index.ts";
import type { Logger } from "../base/clock.ts";
import { LIMITS } from "../base/limits.ts";
import type { Transport } from "../link/index.ts";
import { createNode, type MeshNode } from "../node.ts";
import type { NodeOptions, Runtime } from "../node-options.ts";
import { peerParts } from "../role-parts.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

/** Nodes on one simulated network, with what each of them reported. */
class Lab {
  readonly mesh: SimulatedMesh;
  readonly events: string[] = [];

  constructor(seed = 1) {
    const random = new SeededRandom(seed);
    this.mesh = new SimulatedMesh({ seed, settle, delayMs: () => random.float() * 20 });
    onTestFinished(() => this.mesh[Symbol.asyncDispose]());
  }

  async node(name: string, options: NodeOptions, runtime: Partial<Runtime> = {}): Promise<MeshNode> {
    const { clock, random, network } = this.mesh;
    const role = options.role ?? "peer";
    const node = await createNode(
      { name, ...options },
      {
        ...{ clock, random, transports: [network.transport(name)], identity: keylessIdentity(random), role, peerParts },
        ...runtime,
      },
    );
    this.mesh.nodes.set(name, node);
    node.on("edgeclose", ({ edge, error }) => this.events.push(`${name} lost ${edge.peer.name}: ${error?.code}`));
    node.on("error", (error) => this.events.push(`${name} reports ${(error as { code: string }).code}`));
    return node;
  }
}

const neighbours = (node: MeshNode): string[] => node.edges.map(({ peer }) => peer.name);

describe("two nodes that dial each other at once", () => {
  it("end with one edge, both calls of connect() served by it, and no error", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const lab = new Lab(seed);
      const a = await lab.node("a", { listen: ["memory://a"] });
      const b = await lab.node("b", { listen: ["memory://b"] });
      const both = Promise.all([a.connect("memory://b"), b.connect("memory://a")]);
      const [toB, toA] = await lab.mesh.until(both);
      expect([seed, toB.peer.name, toA.peer.name]).toEqual([seed, "b", "a"]);
      await lab.mesh.run(30_000);
      expect([seed, neighbours(a), neighbours(b)]).toEqual([seed, ["b"], ["a"]]);
      expect(lab.events.filter((event) => event.includes("reports"))).toEqual([]);
      expect(a.status().joins.map(({ phase }) => phase)).toEqual(["served"]);
    }
  });
});

describe("two addresses of one node", () => {
  it("share one edge, and both are served by it", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const lab = new Lab(seed);
      const one = lab.mesh.network.transport("a");
      const two = lab.mesh.network.transport("a2");
      const both: Transport = {
        ...one,
        checkAddress: () => {},
        listen: (address, onLink) => (address === "memory://a" ? one : two).listen!(address, onLink),
      };
      await lab.node("a", { listen: ["memory://a", "memory://a2"] }, { transports: [both] });
      const b = await lab.node("b", { join: ["memory://a", "memory://a2"] });
      await lab.mesh.run(20_000);
      expect([seed, neighbours(b)]).toEqual([seed, ["a"]]);
      expect(b.status().joins.map(({ phase }) => phase)).toEqual(["served", "served"]);
      expect(lab.events).toEqual([]);
    }
  });
});

describe("disconnect()", () => {
  it.each(["dialling", "greeting"])("while the edge is %s again gives that up too", async (stage) => {
    const lab = new Lab();
    const a = await lab.node("a", {});
    const b = await lab.node("b", { listen: ["memory://b"] });
    await lab.mesh.until(a.connect("memory://b"));
    lab.mesh.network.drop("a", "b");
    const isReached = (): boolean =>
      stage === "dialling" ? a.status().joins[0]?.phase === "dialling" : lab.mesh.network.openLinks > 0;
    await lab.mesh.run(1);
    while (!isReached()) await lab.mesh.run(1);
    expect(a.status().joins[0]?.phase).toBe("dialling");
    await lab.mesh.until(a.disconnect(b.id));
    await lab.mesh.run(30_000);
    expect([neighbours(a), neighbours(b), a.status().joins, lab.mesh.network.openLinks]).toEqual([[], [], [], 0]);
    expect(lab.events.filter((event) => event.startsWith("a reports"))).toEqual([]);
  });
});

describe("a node that closes", () => {
  it("waits for the links of edges that ended just before", async () => {
    const lab = new Lab();
    await lab.node("a", { listen: ["memory://a"] });
    const b = await lab.node("b", { mesh: "elsewhere", join: ["memory://a"] });
    while (lab.events.length === 0) await lab.mesh.run(1);
    expect(lab.events).toEqual(["b reports other-mesh"]);
    expect(lab.mesh.network.openLinks).toBe(2);
    await lab.mesh.until(b.close({ timeoutMs: 0 }));
    expect(lab.mesh.network.openLinks).toBe(0);
  });
});

describe("a node that was restarted", () => {
  it("replaces the edge of its earlier life, which never said goodbye", async () => {
    const lab = new Lab();
    const identity = keylessIdentity(new SeededRandom(7));
    const a = await lab.node("a", { listen: ["memory://a"] });
    await lab.node("b", { join: ["memory://a"] }, { identity });
    await lab.mesh.run(1_000);
    await lab.node("b again", { join: ["memory://a"] }, { identity });
    await lab.mesh.run(200);
    expect(neighbours(a)).toEqual(["b again"]);
  });
});

describe("a leaf that claims an id", () => {
  const keyed = (): Partial<Runtime> => ({ identity: ed25519Identity(), verifier: ed25519Verifier });
  /** With a secret of its own, or without any. */
  const leafAs = (id: string): Partial<Runtime> => ({ identity: { ...pageIdentity(), id } });
  const gatewayOf = (lab: Lab): Promise<MeshNode> =>
    lab.node("gateway", { role: "gateway", listen: ["memory://gateway"] }, keyed());

  it("of the gateway's neighbour is refused, and the neighbour's edge stays", async () => {
    const lab = new Lab();
    const gateway = await gatewayOf(lab);
    const peer = await lab.node("peer", { join: ["memory://gateway"] }, keyed());
    await lab.mesh.run(1_000);
    await lab.node("thief", { role: "leaf", join: ["memory://gateway"] }, leafAs(peer.id));
    await lab.mesh.run(1_000);
    expect(neighbours(gateway)).toEqual(["peer"]);
    expect(lab.events).toContain("gateway reports bad-credentials");
    expect(lab.events.filter((event) => event.startsWith("gateway lost"))).toEqual([]);
  });

  it("of a peer further away is refused", async () => {
    const lab = new Lab();
    const gateway = await gatewayOf(lab);
    await lab.node("middle", { listen: ["memory://middle"], join: ["memory://gateway"] }, keyed());
    const far = await lab.node("far", { join: ["memory://middle"] }, keyed());
    await lab.mesh.run(1_000);
    await lab.node("thief", { role: "leaf", join: ["memory://gateway"] }, leafAs(far.id));
    await lab.mesh.run(1_000);
    expect(neighbours(gateway)).toEqual(["middle"]);
  });

  it("of a leaf there is refused, whether that one is connected or away, and nothing of the session is lost", async () => {
    const lab = new Lab();
    const gateway = await gatewayOf(lab);
    const page = await lab.node("page", { role: "leaf", join: ["memory://gateway"] }, { identity: pageIdentity() });
    await lab.mesh.run(1_000);
    const received: unknown[] = [];
    const subscription = page.subscribe("news", {}, ({ data }) => void received.push(data));
    subscription.on("gap", (gap) => received.push(gap));
    await lab.mesh.until(subscription.ready);

    const thief = await lab.node("thief", { role: "leaf", join: ["memory://gateway"] }, leafAs(page.id));
    await gateway.publish("news", 1);
    await lab.mesh.run(1_000);
    expect([neighbours(gateway), neighbours(thief), received]).toEqual([["page"], [], [1]]);

    lab.mesh.network.cut("page", "gateway");
    await gateway.publish("news", 2);
    await lab.mesh.run(31_000);
    expect([neighbours(gateway), neighbours(thief), received]).toEqual([[], [], [1]]);
    lab.mesh.network.heal("page", "gateway");
    await lab.mesh.run(20_000);
    expect([neighbours(gateway), neighbours(thief), received]).toEqual([["page"], [], [1, 2]]);
    expect(thief.connection.state).toBe("offline");
    expect(lab.events.filter((event) => event.startsWith("gateway reports"))).toContain(
      "gateway reports bad-credentials",
    );
  });

  it("shows its secret to its gateway, which tells nobody", async () => {
    const lab = new Lab();
    const told: unknown[] = [];
    const secret = new Uint8Array(SECRET_BYTES).fill(0x5e);
    const logger: Logger = { log: (...line) => void told.push(line) };
    const authorize: Authorize = (subject) => told.push({ ...subject }) > 0;
    const gateway = await lab.node(
      "gateway",
      { role: "gateway", listen: ["memory://gateway"], logger },
      { ...keyed(), authorize },
    );
    gateway.on("error", (error) => told.push(String(error)));
    gateway.on("edgeopen", (edge) => told.push(edge));
    const page = await lab.node(
      "page",
      { role: "leaf", join: ["memory://gateway"] },
      { identity: pageIdentity(secret) },
    );
    page.subscribe("news", {}, () => {});
    await lab.node(
      "thief",
      { role: "leaf", join: ["memory://gateway"] },
      { identity: { ...pageIdentity(secret), id: "0".repeat(32) } },
    );
    await lab.mesh.run(1_000);
    told.push(gateway.status(), await gateway.topology());
    const text = JSON.stringify(told, (_key, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
    );
    expect(text).toContain(page.id);
    expect(text).toContain("does not belong to the secret shown");
    expect(text).not.toContain("5e5e5e5e");
  });
});

describe("credentials that never come", () => {
  it("fail the dial after 10 s, and the address is dialled again", async () => {
    const lab = new Lab();
    await lab.node("a", { listen: ["memory://a"] });
    let asked = 0;
    const credentials = (): Promise<string> => {
      asked++;
      return new Promise(() => {});
    };
    const details: unknown[] = [];
    const logger: Logger = { log: (_level, _event, fields) => void details.push(fields.detail) };
    await lab.node("b", { join: ["memory://a"], credentials, logger });
    await lab.mesh.run(9_999);
    expect([asked, details]).toEqual([1, []]);
    await lab.mesh.run(1_000);
    expect([asked, details]).toEqual([2, ["[timed-out] memory://a did not answer within 10000 ms"]]);
  });

  it("that are no text fail the dial with what they are", async () => {
    const lab = new Lab();
    await lab.node("a", { listen: ["memory://a"] });
    const b = await lab.node("b", { join: ["memory://a"], credentials: (async () => 42) as never });
    await lab.mesh.run(10);
    expect(b.connection.reason).toBe("[dial-failed] credentials must give a string, got 42");
  });

  it("or are too long, are told as what they are", async () => {
    const lab = new Lab();
    await lab.node("a", { listen: ["memory://a"] });
    const credentials = (): string => `${"ü".repeat(LIMITS.credentialBytes / 2)}x`;
    const b = await lab.node("b", { join: ["memory://a"], credentials });
    await lab.mesh.run(10);
    expect(b.connection.reason).toBe("[too-large] credentials gave 8193 bytes, more than the 8192 allowed");
  });
});
