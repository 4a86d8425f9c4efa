/** Links over raw TCP, IPv4 and IPv6: addresses `tcp://host:port`. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { MeshError } from "@chaski/core";
import type { Listener, OnLink, Transport } from "@chaski/core/link";
import { listenAdvice } from "./listen-advice.ts";
import { formatTcpAddress, parseTcpAddress } from "./tcp-address.ts";
import { openTcpLink } from "./tcp-link.ts";

/** The other side of a connection may end its half first; ours ends when what waits has left. */
const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true } as const;

/** A transport for `tcp://host:port`; IPv6 in brackets, port 0 to listen on any free one. */
export function tcpTransport(): Transport {
  return {
    schemes: ["tcp"],
    checkAddress: (address) => void parseTcpAddress(address),
    dial: async (address, onLink, { signal }) => dial(address, onLink, signal),
    listen: async (address, onLink) => listen(address, onLink),
  };
}

type DialSignal = Parameters<Transport["dial"]>[2]["signal"];

function dial(address: string, onLink: OnLink, signal: DialSignal): Promise<void> {
  const { host, port } = parseTcpAddress(address);
  if (port === 0) throw new TypeError(`address must have a port from 1 to 65535 to be dialled, got "${address}"`);
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const socket = connect({ host, port, ...SOCKET_OPTIONS });
    const settle = (): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("connect", onConnect);
      socket.off("error", onError);
    };
    const onAbort = (): void => {
      settle();
      socket.on("error", () => {});
      socket.destroy();
      reject(signal.reason);
    };
    const onError = (cause: Error): void => {
      settle();
      reject(new MeshError("dial-failed", `${address}: ${reasonOf(cause)}`, { cause }));
    };
    const onConnect = (): void => {
      if (isSelfConnected(socket)) {
        socket.destroy(new Error("nobody listens there; the system connected the port with itself"));
        return;
      }
      settle();
      openTcpLink(socket, address, onLink);
      resolve();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("connect", onConnect);
    socket.on("error", onError);
  });
}

function listen(address: string, onLink: OnLink): Promise<Listener> {
  const { host, port } = parseTcpAddress(address);
  const server = createServer(SOCKET_OPTIONS, (socket) => {
    const { remoteAddress, remotePort } = socket;
    // A connection that was reset before it was accepted has no address any more.
    if (remoteAddress === undefined || remotePort === undefined) socket.destroy();
    else openTcpLink(socket, formatTcpAddress({ host: remoteAddress, port: remotePort }), onLink);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new MeshError("listen-failed", `${address}: ${listenAdvice(cause)}`, { cause }));
      // Later ones concern single connections that could not be accepted; the listener goes on.
      server.on("error", () => {});
    });
    server.listen(port, host, () => {
      resolve({
        address: formatTcpAddress({ host, port: (server.address() as AddressInfo).port }),
        async [Symbol.asyncDispose]() {
          // The port is free at once; the callback would wait for every open link.
          server.close();
        },
      });
    });
  });
}

/** A loopback port nobody listens on can be given to the dialling socket itself, which then talks to itself. */
function isSelfConnected(socket: Socket): boolean {
  return socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
}

/** Trying several addresses of one name fails with all their errors and no message of its own. */
function reasonOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((inner) => (inner as Error).message).join("; ");
  return error.message;
}
