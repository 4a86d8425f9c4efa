import { expect, it, onTestFinished } from "vitest";
import { LIMITS } from "./base/limits.ts";
import { settle } from "./testing/node-settle.fixture.ts";
import { SimulatedMesh } from "./testing/simulated-mesh.ts";

it("the largest message with the largest headers passes behind small ones, and the edge stays", async () => {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const origin = await mesh.node("origin");
  const reader = await mesh.node("reader", { join: ["origin"] });
  await mesh.until(reader.ready());
  const lost: unknown[] = [];
  reader.on("edgeclose", ({ error }) => lost.push(error));
  const sizes: number[] = [];
  const subscription = reader.subscribe<Uint8Array>("scan", {}, ({ data }) => void sizes.push(data.byteLength));
  await mesh.until(subscription.ready);

  const small = new Uint8Array(1_000);
  const headers = { note: "x".repeat(LIMITS.headerBytes - 9) };
  for (let i = 0; i < 60; i++) void origin.publish("scan", small);
  void origin.publish("scan", new Uint8Array(LIMITS.messageBytes), { headers });
  await mesh.run(1_000);

  expect(lost).toEqual([]);
  expect(sizes).toEqual([...Array(60).fill(1_000), LIMITS.messageBytes]);
});
