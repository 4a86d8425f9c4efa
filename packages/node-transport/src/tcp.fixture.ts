/** What tests of TCP need: a wire that can be cut, pairs of links across it, and a look at what is left open. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Link, OnLink } from "@chaski/core/link";
import { type LinkPair, RecordingSink } from "@chaski/core/testing";
import { tcpTransport } from "./tcp-transport.ts";

export interface Wire extends AsyncDisposable {
  /** Where to dial instead of the real address. */
  readonly address: string;
  /** Reset every connection, at both ends. */
  cut(): void;
}

/** Bytes, the end and a reset of one socket, to another; for a reset that comes as an end see `tcp-link.ts`. */
function pass(from: Socket, to: Socket): void {
  from.pipe(to, { end: false });
  from.on("error", () => to.resetAndDestroy());
  from.on("end", () => {
    if (from.writableEnded) to.end();
    else
      from.write(new Uint8Array(0), (error) => {
        if (!error) to.end();
      });
  });
}

/** A relay in front of `port`: it passes on bytes, ends and resets. */
export async function wireTo(host: string, port: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (left) => {
    const right = connect({ host, port, allowHalfOpen: true, noDelay: true });
    pass(track(left), right);
    pass(track(right), left);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    address: `tcp://${host.includes(":") ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    cut,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sockets and listeners this process has open. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
}

/** Let handles that were closed in this turn disappear. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Two TCP links on a loopback address, across a wire that can be cut. */
export async function tcpPair(host: "127.0.0.1" | "::1"): Promise<LinkPair> {
  const before = openSockets();
  const transport = tcpTransport();
  const ends: { link: Link; sink: RecordingSink; accepted: boolean }[] = [];
  let onAccepted = (): void => {};
  const record =
    (isAccepted: boolean): OnLink =>
    (link) => {
      const sink = new RecordingSink();
      ends.push({ link, sink, accepted: isAccepted });
      if (isAccepted) onAccepted();
      return sink;
    };
  const listener = await transport.listen!(`tcp://${host.includes(":") ? `[${host}]` : host}:0`, record(true));
  const wire = await wireTo(host, Number(listener.address.slice(listener.address.lastIndexOf(":") + 1)));
  const both = new Promise<void>((resolve) => (onAccepted = resolve));
  await Promise.all([transport.dial(wire.address, record(false), { signal: new AbortController().signal }), both]);
  const a = ends.find((end) => !end.accepted)!;
  const b = ends.find((end) => end.accepted)!;
  return {
    a: a.link,
    b: b.link,
    aSink: a.sink,
    bSink: b.sink,
    cut: wire.cut,
    dial: (signal) => transport.dial(wire.address, record(false), { signal }),
    async [Symbol.asyncDispose]() {
      await Promise.all(ends.filter((end) => !end.accepted).map(({ link }) => link.close()));
      await listener[Symbol.asyncDispose]();
      await wire[Symbol.asyncDispose]();
      await Promise.all(ends.map(({ link }) => link.close()));
      await Promise.all(ends.map(({ sink }) => sink.closed));
      await turns();
      if (openSockets() !== before) throw new Error(`${openSockets() - before} sockets were left open`);
    },
  };
}
