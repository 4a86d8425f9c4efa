/** The subpath `@chaski/node-transport/testing`: TCP wires that can be cut or are slow, and what a test has left open. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { pipeline, Transform } from "node:stream";
import { formatTcpAddress, parseTcpAddress } from "../tcp-address.ts";
import { resetSocket } from "../tcp-link.ts";

/** A relay between whoever dials its address and the real one. Disposing waits until every connection is closed. */
export interface Wire extends AsyncDisposable {
  /** What to dial instead of the real address: `tcp://127.0.0.1:50312`. */
  readonly address: string;
  readonly port: number;
  /** Reset every connection, at both ends. What is on its way is lost; new ones are relayed as before. */
  cut(): void;
}

/**
 * Put a wire in front of a listener. It passes on bytes, ends and resets.
 * @param address The listener's, `tcp://host:port`; the wire listens on a free port of the same host.
 */
export async function wireTo(address: string): Promise<Wire> {
  const { host, port } = parseTcpAddress(address);
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ host, port, allowHalfOpen: true, noDelay: true });
    for (const [from, to] of [[near, far] as const, [far, near] as const]) {
      sockets.add(from);
      from.on("close", () => sockets.delete(from));
      pass(from, to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const wirePort = (server.address() as AddressInfo).port;
  return {
    address: formatTcpAddress({ host, port: wirePort }),
    port: wirePort,
    cut: () => sockets.forEach(resetSocket),
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A wire that lets `bytesPerMs` through, each way. */
export async function slowWireTo(address: string, bytesPerMs: number): Promise<Omit<Wire, "cut">> {
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
  const wirePort = (server.address() as AddressInfo).port;
  return {
    address: formatTcpAddress({ host, port: wirePort }),
    port: wirePort,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

/** Bytes, the end and a reset of one socket, to another; for a reset that comes as an end see `tcp-link.ts`. */
function pass(from: Socket, to: Socket): void {
  from.pipe(to, { end: false });
  from.on("error", () => resetSocket(to));
  from.on("end", () => {
    if (from.writableEnded) {
      to.end();
      return;
    }
    from.write(new Uint8Array(0), (error) => {
      if (!error) to.end();
    });
  });
}

/** TCP sockets and listeners this process has open. Those just closed count until a turn of the event loop has passed. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
}

/** Let what was closed in this turn disappear. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
