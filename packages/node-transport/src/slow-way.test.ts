import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { pipeline, Transform } from "node:stream";
import { expect, it } from "vitest";
import { createNode } from "./index.ts";
import { formatTcpAddress, parseTcpAddress } from "./tcp-address.ts";

/** A TCP wire that lets `bytesPerMs` through, each way. */
async function slowWireTo(address: string, bytesPerMs: number): Promise<AsyncDisposable & { address: string }> {
  const { host, port } = parseTcpAddress(address);
  const slow = (from: Socket, to: Socket): void => {
    const brake = new Transform({
      transform: (chunk: Uint8Array, _encoding, done) =>
        void setTimeout(() => done(null, chunk), chunk.byteLength / bytesPerMs),
    });
    pipeline(from, brake, to, () => {});
  };
  const server = createServer((near) => {
    const far = connect({ host, port });
    slow(near, far);
    slow(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    address: formatTcpAddress({ host, port: (server.address() as AddressInfo).port }),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

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
