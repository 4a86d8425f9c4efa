/** How a page or a worker reaches its gateway: the browser's own WebSocket. */
import type { Clock } from "@chaski/core";
import type { Transport } from "@chaski/core/link";
import { type WebSocketLike, webSocketDialler } from "@chaski/websocket";
import { browserClock } from "./browser-clock.ts";

export interface WebSocketTransportOptions {
  /** Default `browserClock`. */
  readonly clock?: Clock;
  /** Default the browser's own. */
  readonly WebSocket?: new (
    url: string,
    subprotocol: string,
  ) => WebSocketLike;
}

/** A transport that dials `http`, `https`, `ws` and `wss`; without a path the first two mean `/mesh`. It cannot listen. */
export function webSocketTransport(options: WebSocketTransportOptions = {}): Transport {
  const { clock = browserClock, WebSocket = globalThis.WebSocket } = options;
  return webSocketDialler({ clock, connect: (url, subprotocol) => new WebSocket(url, subprotocol) });
}
