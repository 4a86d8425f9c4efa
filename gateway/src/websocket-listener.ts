/** Turns upgrade requests into links. Which requests come here, by path and origin, is decided by the caller. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "@chaski/core";
import type { OnLink } from "@chaski/core/link";
import { nodeClock } from "@chaski/node-transport";
import {
  acceptChannels,
  CHANNELS_SUBPROTOCOL,
  MAX_MESSAGE_BYTES,
  openWebSocketLink,
  SUBPROTOCOL,
} from "@chaski/websocket";
import { type ServerOptions, WebSocketServer } from "ws";

/** Connections and channels at once, unless told otherwise. */
const MAX_LINKS = 20_000;

/** `closeTimeout` is not in the types of `ws` yet. */
const SERVER_OPTIONS: ServerOptions & { readonly closeTimeout: number } = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  // How long the other side may take to agree to an end, in ms.
  closeTimeout: 3_000,
  handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : CHANNELS_SUBPROTOCOL),
};

export interface WebSocketListenerOptions {
  /** Default `nodeClock`. */
  readonly clock?: Clock;
  /** Whether a request may become a link, by its origin for example; else it is answered 403. Default: every one may. */
  readonly allow?: (request: IncomingMessage) => boolean;
  /**
   * Connections at once, those still in their handshake included, and of one that tabs share each tab's channel as well; more
   * are answered 503, or that there is no room. Default 20 000.
   */
  readonly maxLinks?: number;
  /** Hears of every request that was refused, with the reason. */
  readonly onRefused?: (request: IncomingMessage, reason: string) => void;
}

/** Accepts WebSockets of our subprotocol. No compression: frames come batched, and it would cost memory for every link. */
export class WebSocketListener {
  readonly #onLink: OnLink;
  readonly #clock: Clock;
  readonly #options: WebSocketListenerOptions;
  readonly #maxLinks: number;
  readonly #server = new WebSocketServer(SERVER_OPTIONS);
  #connections = 0;

  /** @param onLink Gives each new link its consumer: `(link) => node.accept(link)`. */
  constructor(onLink: OnLink, options: WebSocketListenerOptions = {}) {
    this.#onLink = onLink;
    this.#options = options;
    this.#clock = options.clock ?? nodeClock;
    this.#maxLinks = options.maxLinks ?? MAX_LINKS;
  }

  /** Connections taken over and not closed yet, and channels on them. */
  get connections(): number {
    return this.#connections;
  }

  /** For the `upgrade` event of an HTTP server. Takes the socket over. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusalOf(request);
    if (refusal) {
      refuseUpgrade(socket, ...refusal);
      this.#options.onRefused?.(request, refusal[1]);
      return;
    }
    this.#connections++;
    socket.once("close", () => this.#connections--);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const options = { clock: this.#clock, remoteAddress: addressOf(request.socket) };
      if (webSocket.protocol === SUBPROTOCOL) openWebSocketLink(webSocket, options, this.#onLink);
      else acceptChannels(webSocket, { ...options, ...this.#channels }, this.#onLink);
    });
  }

  readonly #channels = {
    admit: (): boolean => {
      if (this.#connections >= this.#maxLinks) return false;
      this.#connections++;
      return true;
    },
    onGone: (): void => void this.#connections--,
  };

  #refusalOf(request: IncomingMessage): readonly [status: string, reason: string] | undefined {
    const { "sec-websocket-protocol": offered = "", origin } = request.headers;
    if (this.#connections >= this.#maxLinks) {
      return ["503 Service Unavailable", `${this.#maxLinks} connections are open already`];
    }
    if (!offered.split(",").some((name) => [SUBPROTOCOL, CHANNELS_SUBPROTOCOL].includes(name.trim()))) {
      return ["400 Bad Request", `the subprotocol ${SUBPROTOCOL} was not offered`];
    }
    if (this.#options.allow?.(request) === false) {
      return ["403 Forbidden", `pages from ${origin} may not open a WebSocket here`];
    }
    return undefined;
  }
}

/** Answer an upgrade that is not wanted, and close its connection. @param status Such as `403 Forbidden`. */
export function refuseUpgrade(socket: Duplex, status: string, reason: string): void {
  const body = `${reason}\n`;
  socket.on("error", () => socket.destroy());
  socket.once("finish", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function addressOf({ remoteAddress = "unknown", remotePort }: Socket): string {
  const host = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, "");
  return `ws://${host.includes(":") ? `[${host}]` : host}:${remotePort}`;
}
