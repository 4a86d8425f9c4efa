import { describe, expect, it } from "vitest";
import { settle } from "./testing/node-settle.fixture.ts";
import { SimulatedMesh } from "./testing/simulated-mesh.ts";

const simulate = (seed = 1): SimulatedMesh => new SimulatedMesh({ seed, settle });

describe("publish and subscribe", () => {
  it("reaches a subscriber over one edge", async () => {
    await using mesh = simulate();
    const a = await mesh.node("a");
    const b = await mesh.node("b", { join: ["a"] });
    const received: unknown[] = [];
    const subscription = b.subscribe(
      "greetings/*",
      {},
      (message) => void received.push([message.topic, message.data, message.seq, message.origin]),
    );
    await mesh.until(subscription.ready);
    await a.publish("greetings/you", { text: "hello" });
    await a.publish("greetings/you", new Uint8Array([1, 2, 3]));
    await a.publish("other", 1);
    await mesh.run(10);
    expect(received).toEqual([
      ["greetings/you", { text: "hello" }, 1, a.id],
      ["greetings/you", new Uint8Array([1, 2, 3]), 2, a.id],
    ]);
  });

  it("reaches a subscriber two hops away through a node that does not subscribe, and survives ten cuts", async () => {
    await using mesh = simulate();
    const a = await mesh.node("a");
    await mesh.node("b", { join: ["a"] });
    const c = await mesh.node("c", { join: ["b"] });
    await mesh.until(c.ready());
    await mesh.run(100);
    const received: number[] = [];
    const gaps: unknown[] = [];
    const subscription = c.subscribe<number>("count", {}, (message) => void received.push(message.data));
    subscription.on("gap", (gap) => gaps.push(gap));
    await mesh.until(subscription.ready);
    let next = 0;
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 20; i++) {
        await a.publish("count", next++);
        await mesh.run(5);
        if (i === 5) mesh.network.cut("b", "c", { detectMs: 50 } as never);
        if (i === 12) mesh.network.heal("b", "c");
      }
    }
    await mesh.run(20_000);
    expect(gaps).toEqual([]);
    expect(received).toEqual(Array.from({ length: next }, (_, i) => i));
  });

  it("connects leaves with each other and with peers through a gateway", async () => {
    await using mesh = simulate();
    const peer = await mesh.node("peer");
    await mesh.node("gateway", { role: "gateway", join: ["peer"] });
    const one = await mesh.node("one", { role: "leaf", join: ["gateway"] });
    const two = await mesh.node("two", { role: "leaf", join: ["gateway"] });
    await mesh.until(Promise.all([one.ready(), two.ready()]));
    const log: unknown[] = [];
    const subs = [peer, one, two].map((node) =>
      node.subscribe("t", {}, (message) => void log.push([node.name, message.data])),
    );
    await mesh.until(Promise.all(subs.map((s) => s.ready)));
    await mesh.run(100);
    expect(await one.subscribers("t")).toMatchObject({ peers: [{ name: "peer" }], leaves: 1 });
    await one.publish("t", "from one");
    await peer.publish("t", "from peer");
    await mesh.run(100);
    expect(log.sort()).toEqual([
      ["one", "from one"],
      ["one", "from peer"],
      ["peer", "from one"],
      ["peer", "from peer"],
      ["two", "from one"],
      ["two", "from peer"],
    ]);
  });
});

describe("remote objects", () => {
  it("are called over several hops, both ways", async () => {
    await using mesh = simulate();
    const peer = await mesh.node("peer");
    await mesh.node("gateway", { role: "gateway", join: ["peer"] });
    const page = await mesh.node("page", { role: "leaf", join: ["gateway"] });
    class Calculator {
      settings = { precision: 4 };
      add(a: number, b: number): number {
        return a + b;
      }
      fail(): never {
        throw new RangeError("no");
      }
    }
    peer.expose("calculator", new Calculator());
    page.expose("page", { showNotice: (text: string) => `shown: ${text}` });
    await mesh.until(page.ready());
    await mesh.run(100);
    const calculator = page.remote<Calculator>("calculator");
    expect(await mesh.until(calculator.add(2, 3))).toBe(5);
    expect(await mesh.until(Promise.resolve(calculator.settings.precision))).toBe(4);
    await expect(mesh.until(calculator.fail())).rejects.toMatchObject({
      code: "remote-error",
      remote: { name: "RangeError", message: "no" },
    });
    await expect(
      mesh.until((calculator as unknown as { toString(): Promise<string> }).toString()),
    ).rejects.toMatchObject({ code: "no-responder" });
    expect(await mesh.until(peer.remote<{ showNotice(t: string): string }>("page").showNotice("hi"))).toBe("shown: hi");
  });
});

describe("an error event", () => {
  it("tells of what failed when a turn ended, and whoever ended it hears nothing", { timeout: 30_000 }, async () => {
    await using mesh = simulate();
    const log = (_level: string, event: string): void => {
      if (event === "directory full") throw new Error("no room for this line");
    };
    const a = await mesh.node("a", { logger: { log } });
    const b = await mesh.node("b", { join: ["a"] });
    await mesh.until(b.ready());
    const errors: unknown[] = [];
    a.on("error", (error) => errors.push((error as Error).message));
    for (let i = 0; i < 4_300; i++) a.subscribe(`${i}/${"x".repeat(1_000)}`);
    await mesh.run(100);
    expect([errors, a.edges.length]).toEqual([["no room for this line"], 1]);
  });
});
