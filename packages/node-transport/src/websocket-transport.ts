/** Node as a client of a gateway: WebSocket by the `ws` package. */
import type { Clock } from "@chaski/core";
import type { Transport } from "@chaski/core/link";
import { MAX_MESSAGE_BYTES, webSocketDialler } from "@chaski/websocket";
import { type ClientOptions, WebSocket } from "ws";
import { nodeClock } from "./node-clock.ts";

export interface WebSocketTransportOptions {
  /** Default `nodeClock`. */
  readonly clock?: Clock;
}

/** `closeTimeout` is not in the types of `ws` yet. */
const CLIENT_OPTIONS: ClientOptions & { readonly closeTimeout: number } = {
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  followRedirects: false,
  // How long the other side may take to agree to an end, in ms.
  closeTimeout: 3_000,
};

/** A transport that dials `http`, `https`, `ws` and `wss`; without a path the first two mean `/mesh`. It cannot listen. */
export function webSocketTransport({ clock = nodeClock }: WebSocketTransportOptions = {}): Transport {
  return webSocketDialler({
    clock,
    connect: (url, subprotocol) => new WebSocket(url, subprotocol, CLIENT_OPTIONS),
  });
}
