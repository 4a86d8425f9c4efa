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

/**
 * Clients mask what they send, so that a script in a page cannot make a proxy on the way take its bytes for HTTP. In
 * JavaScript that costs some nanoseconds a byte at both ends. Where no proxy can read along, the mask is zero,
 * which `ws` recognises and skips.
 */
const UNSEEN = /^wss:|^ws:\/\/(?:127\.|localhost[:/]|\[::1\])/;
const noMask = (mask: Buffer): void => void mask.fill(0);

/** A transport that dials `http`, `https`, `ws` and `wss`; without a path the first two mean `/mesh`. It cannot listen. */
export function webSocketTransport({ clock = nodeClock }: WebSocketTransportOptions = {}): Transport {
  return webSocketDialler({
    clock,
    connect: (url, subprotocol) => {
      const options = UNSEEN.test(url) ? { ...CLIENT_OPTIONS, generateMask: noMask } : CLIENT_OPTIONS;
      return new WebSocket(url, subprotocol, options);
    },
  });
}
