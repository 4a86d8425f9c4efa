/** The dialling half of a WebSocket transport, for any kind of WebSocket. */
import { type Clock, MeshError } from "@chaski/core";
import type { AbortSignalLike, Transport } from "@chaski/core/link";
import { webSocketUrl } from "./websocket-address.ts";
import { type NodeWebSocketLike, SUBPROTOCOL, type WebSocketLike } from "./websocket-like.ts";
import { openWebSocketLink } from "./websocket-link.ts";

export interface WebSocketDiallerOptions {
  readonly clock: Clock;
  /** Begin to open a WebSocket. What it throws fails the dial. */
  readonly connect: (url: string, subprotocol: string) => WebSocketLike | NodeWebSocketLike;
}

/**
 * A transport that dials `http`, `https`, `ws` and `wss` addresses; an `http` or `https` address without a path means
 * the gateway's default, `/mesh`.
 */
export function webSocketDialler({ clock, connect }: WebSocketDiallerOptions): Transport {
  return {
    schemes: ["http", "https", "ws", "wss"],
    checkAddress: (address) => void webSocketUrl(address),
    dial: async (address, onLink, { signal }) => {
      const url = webSocketUrl(address);
      await dial(
        url,
        () => connect(url, SUBPROTOCOL),
        (socket) => openWebSocketLink(socket, { clock, remoteAddress: url }, onLink),
        signal,
      );
    },
  };
}

type Socket = WebSocketLike | NodeWebSocketLike;

function dial(
  url: string,
  connect: () => Socket,
  open: (socket: Socket) => void,
  signal: AbortSignalLike,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const fail = (why: string, cause?: unknown): void => {
      settle();
      reject(new MeshError("dial-failed", `${url}: ${why}`, { cause }));
    };
    let pending = true;
    const settle = (): void => {
      pending = false;
      signal.removeEventListener("abort", onAbort);
    };
    let socket: Socket;
    try {
      socket = connect();
    } catch (cause) {
      fail(cause instanceof Error ? cause.message : String(cause), cause);
      return;
    }
    const drop = (): void => ("terminate" in socket ? socket.terminate() : socket.close());
    function onAbort(): void {
      settle();
      drop();
      reject(signal.reason);
    }
    signal.addEventListener("abort", onAbort, { once: true });
    socket.addEventListener("open", () => {
      if (!pending) return;
      if (socket.protocol !== SUBPROTOCOL) {
        fail(`the server does not speak ${SUBPROTOCOL}`);
        drop();
        return;
      }
      settle();
      open(socket);
      resolve();
    });
    // `ws` says why, a browser only that.
    socket.addEventListener("error", ({ error, message }: { readonly error?: unknown; readonly message?: string }) => {
      if (pending) fail(message || "no WebSocket could be opened", error);
    });
    socket.addEventListener("close", ({ code }: { readonly code: number }) => {
      if (pending) fail(`closed with code ${code} before it was open`);
    });
  });
}
