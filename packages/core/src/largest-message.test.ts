import { expect, it, onTestFinished } from "vitest";
import { LIMITS } from "./base/limits.ts";
import { settle } from "./testing/node-settle.fixture.ts";
import { SimulatedMesh } from "./testing/simulated-mesh.ts";

it.each([
  ["peer", LIMITS.messageBytes],
  ["leaf", LIMITS.leafMessageBytes],
] as const)(
  "a %s's largest message with the largest headers passes behind small ones, and the edge stays",
  async (role, largest) => {
    const mesh = new SimulatedMesh({ settle });
    onTestFinished(() => mesh[Symbol.asyncDispose]());
    const reader = await mesh.node("reader", { role: "gateway" });
    const origin = await mesh.node("origin", { role, join: ["reader"] });
    await mesh.until(origin.ready());
    const lost: unknown[] = [];
    reader.on("edgeclose", ({ error }) => lost.push(error));
    const sizes: number[] = [];
    const subscription = reader.subscribe<Uint8Array>("scan", {}, ({ data }) => void sizes.push(data.byteLength));
    await mesh.until(subscription.ready);
    await mesh.run(100); // until a leaf has heard what its gateway wants

    const small = new Uint8Array(1_000);
    const headers = { note: "x".repeat(LIMITS.headerBytes - 9) };
    for (let i = 0; i < 60; i++) void origin.publish("scan", small);
    void origin.publish("scan", new Uint8Array(largest), { headers });
    await mesh.run(1_000);

    expect(lost).toEqual([]);
    expect(sizes).toEqual([...Array(60).fill(1_000), largest]);
  },
);
