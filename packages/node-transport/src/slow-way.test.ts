import { expect, it } from "vitest";
import { createNode } from "./index.ts";
import { slowWireTo } from "./testing/index.ts";

// Takes its four seconds: the edge would be given up after three without a sign of life.
it("an edge lives on while a large message takes four seconds to cross a slow wire", async () => {
  await using near = await createNode({ name: "near", listen: ["tcp://127.0.0.1:0"] });
  await using wire = await slowWireTo(near.addresses[0]!, 256);
  await using far = await createNode({ name: "far", join: [wire.address] });
  const closed: unknown[] = [];
  const closing = far.on("edgeclose", ({ error }) => void closed.push(error));
  const arrival = new Promise<number>((resolve) => {
    const subscription = far.subscribe<Uint8Array>("t", {}, ({ data }) => resolve(data.byteLength));
    void subscription.ready.then(() => near.publish("t", new Uint8Array(1024 * 1024), { transfer: true }));
  });
  expect(await arrival).toBe(1024 * 1024);
  expect(closed).toEqual([]);
  closing[Symbol.dispose]();
}, 30_000);
