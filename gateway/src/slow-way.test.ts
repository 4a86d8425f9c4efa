/** Edges over WebSocket on a way so slow that a large message takes longer than the other side may be silent. */
import type { MeshNode } from "@chaski/core";
import { createNode } from "@chaski/node-transport";
import { slowWireTo } from "@chaski/node-transport/testing";
import { expect, it } from "vitest";
import { testGateway } from "./gateway.fixture.ts";

const BYTES = 1024 * 1024;

/** Send a message of `BYTES` from one node to the other. @returns Its size there. */
function carry(from: MeshNode, to: MeshNode): Promise<number> {
  return new Promise((resolve) => {
    const subscription = to.subscribe<Uint8Array>("t", { echo: false }, ({ data }) => resolve(data.byteLength));
    void subscription.ready.then(() => from.publish("t", new Uint8Array(BYTES), { transfer: true }));
  });
}

// Takes its seven seconds: between peers, three without a sign of life are the end.
it("an edge over WebSocket lives on while a large message takes seven seconds, either way", async () => {
  const gateway = await testGateway();
  await using wire = await slowWireTo(`tcp://127.0.0.1:${new URL(gateway.url).port}`, 160);
  await using far = await createNode({ name: "far", join: [`http://127.0.0.1:${wire.port}`] });
  await far.ready();
  const closed: unknown[] = [];
  const closing = far.on("edgeclose", ({ error }) => void closed.push(error));
  expect(await Promise.all([carry(gateway.node, far), carry(far, gateway.node)])).toEqual([BYTES, BYTES]);
  expect(closed).toEqual([]);
  closing[Symbol.dispose]();
}, 30_000);
