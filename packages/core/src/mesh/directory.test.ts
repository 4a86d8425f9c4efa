import { describe, expect, it, onTestFinished } from "vitest";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { servicesOf, subscribersOf } from "./directory.ts";
import type { StoredRecord } from "./records.ts";

type Topic = StoredRecord["topics"][number];

const record = (name: string, topics: readonly Topic[], services: StoredRecord["services"] = []): StoredRecord =>
  ({ id: name, name, role: "peer", topics, services }) as unknown as StoredRecord;
const topic = (pattern: string, self: boolean, leaves: number): Topic => ({ pattern, self, leaves });

describe("subscribersOf()", () => {
  it("names peers that want a topic by any pattern, once, and counts leaves", () => {
    const records = [
      record("a", [topic("x/*", true, 2), topic("x/y", true, 0)]),
      record("b", [topic("x/**", false, 3)]),
      record("c", [topic("z", true, 5)]),
    ];
    expect(subscribersOf(records, "x/y")).toEqual({
      peers: [{ id: "a", name: "a", role: "peer" }],
      leaves: 5,
    });
  });

  it("counts of overlapping patterns only the leaves that are certain", () => {
    expect(subscribersOf([record("a", [topic("x", false, 2), topic("*", false, 3)])], "x").leaves).toBe(3);
  });
});

describe("servicesOf()", () => {
  it("gives every exposed object with its owner, and where that is", () => {
    const services = [{ service: "page", owner: "leaf", ownerName: "a page" }];
    expect([...servicesOf([record("gateway", [], services)])]).toEqual([
      { service: "page", owner: "leaf", ownerName: "a page", home: "gateway" },
    ]);
  });
});

describe("leaves with more subscriptions than a record holds", () => {
  it("cost their gateway no edge, and get their messages", async () => {
    const mesh = new SimulatedMesh({ settle });
    onTestFinished(() => mesh[Symbol.asyncDispose]());
    const peer = await mesh.node("peer");
    const warnings: string[] = [];
    const logger = { log: (level: string, event: string) => void (level === "warn" && warnings.push(event)) };
    const gateway = await mesh.node("gateway", { role: "gateway", join: ["peer"], logger });
    const received: string[] = [];
    const long = "x".repeat(900);
    const ready: Promise<void>[] = [];
    for (let number = 0; number < 4; number++) {
      const leaf = await mesh.node(`leaf ${number}`, { role: "leaf", join: ["gateway"] });
      await mesh.until(leaf.ready());
      for (let i = 0; i < 400; i++) {
        const topic = `${long}/${number}/${i}`;
        ready.push(leaf.subscribe(topic, {}, (message) => void received.push(message.topic.slice(901))).ready);
      }
    }
    await mesh.until(Promise.all(ready));
    await mesh.run(1_000);
    for (const topic of ["0/0", "3/399"]) await peer.publish(`${long}/${topic}`, 1);
    await mesh.run(100);
    expect(received).toEqual(["0/0", "3/399"]);
    expect(gateway.edges.map((edge) => edge.peer.role).sort()).toEqual(["leaf", "leaf", "leaf", "leaf", "peer"]);
    expect(new Set(warnings)).toEqual(new Set(["directory full"]));
    expect(await peer.subscribers(`${long}/0/0`)).toEqual({ peers: [], leaves: 1 });

    mesh.network.drop("gateway", "peer");
    await mesh.run(5_000);
    await peer.publish(`${long}/2/200`, 1);
    await mesh.run(100);
    expect(received.at(-1)).toBe("2/200");
  });
});
