/** The gateway's own HTTP server: health, files, and nothing that can keep it from ending. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Logger, MeshError } from "@chaski/core";
import { listenAdvice } from "@chaski/node-transport";
import { HEALTH_PATH } from "./gateway-options.ts";
import { staticFiles } from "./static-files.ts";
import { pathOf } from "./upgrades.ts";

/** A request's head must be there by then, in ms; looked at every `CHECK_MS`. */
const HEAD_MS = 4_000;
const CHECK_MS = 500;
/** The whole request, in ms: none of ours has a body. */
const REQUEST_MS = 10_000;
/** A connection on which nothing moves for so long is ended, in ms: whoever takes no answer must not keep it. */
const IDLE_MS = 60_000;

export interface Health {
  /** How the gateway's node reaches its mesh; `closing` from `close()` on. */
  readonly status: "connecting" | "online" | "degraded" | "offline" | "closing";
  /** Peers and gateways it has an edge to. */
  readonly edges: number;
  /** Leaves that hang on it. */
  readonly leaves: number;
}

export interface HttpFrontOptions {
  readonly host: string;
  readonly port: number;
  /** The WebSocket endpoint. */
  readonly path: string;
  /** A folder to serve. */
  readonly static: string | undefined;
  /** A connection on which nothing moves for so long, in ms, is ended. Default 60 000. */
  readonly idleMs?: number;
  readonly logger: Logger;
  health(): Health;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export class HttpFront {
  readonly server: Server;
  readonly #options: HttpFrontOptions;
  readonly #files: Answer;
  /** Open connections, each with the requests it waits for. One that was upgraded belongs to a link. */
  readonly #sockets = new Map<Socket, { requests: number; upgraded: boolean }>();
  #url = "";
  #stopped = false;
  readonly #ended: Promise<void>;

  constructor(options: HttpFrontOptions) {
    const files = options.static === undefined ? undefined : staticFiles(options.static);
    this.#options = options;
    this.#files = (request, response) => {
      if (files) files(request, response, () => answer(response, 404, "nothing here\n"));
      else answer(response, 404, "nothing here\n");
    };
    this.server = createServer({
      headersTimeout: HEAD_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: CHECK_MS,
    });
    this.server.setTimeout(options.idleMs ?? IDLE_MS); // `ws` takes it off what becomes a link
    this.#ended = new Promise((resolve) => this.server.once("close", resolve));
    this.server.on("connection", (socket: Socket) => {
      this.#sockets.set(socket, { requests: 0, upgraded: false });
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.server.on("request", (request, response) => this.#onRequest(request, response));
    this.server.on("clientError", (error: NodeJS.ErrnoException, socket) =>
      this.#onBadRequest(error, socket as Socket),
    );
  }

  /** Where a browser on this machine reaches it, once it listens. */
  get url(): string {
    return this.#url;
  }

  /** @throws {MeshError} `listen-failed` */
  listen(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      const onError = (cause: NodeJS.ErrnoException): void => {
        reject(new MeshError("listen-failed", `${urlOf("http", host, port)}: ${listenAdvice(cause)}`, { cause }));
      };
      this.server.once("error", onError);
      this.server.listen({ host, port }, () => {
        this.server.off("error", onError);
        this.#url = urlOf("http", host, (this.server.address() as AddressInfo).port);
        // Later ones concern single connections that could not be accepted; the server goes on.
        this.server.on("error", ({ message }) =>
          this.#options.logger.log("warn", "connection not accepted", { reason: message }),
        );
        resolve();
      });
    });
  }

  /** A link takes over the connection: whoever has the link ends it. */
  handOver(socket: Socket): void {
    const state = this.#sockets.get(socket);
    if (state) state.upgraded = true;
  }

  /** Accept nothing more; what is being answered may end. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.server.close();
    this.#endIdle();
  }

  /** Resolves when every connection is closed; those still open after `withinMs` are ended. */
  async ended(withinMs: number): Promise<void> {
    const timer = setTimeout(() => {
      for (const socket of this.#sockets.keys()) socket.destroy();
    }, withinMs);
    await this.#ended;
    clearTimeout(timer);
  }

  #endIdle(): void {
    for (const [socket, { requests, upgraded }] of this.#sockets) if (requests === 0 && !upgraded) socket.destroy();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const state = this.#sockets.get(request.socket);
    if (state) state.requests++;
    response.once("close", () => {
      if (state) state.requests--;
      // Not before what was answered has left.
      if (this.#stopped) setImmediate(() => this.#endIdle());
    });
    if (this.#stopped) response.shouldKeepAlive = false;
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      response.shouldKeepAlive = false;
      answer(response, 405, "only GET and HEAD\n");
      return;
    }
    const path = pathOf(request);
    if (path === HEALTH_PATH) this.#onHealth(response);
    else if (path === this.#options.path) {
      response.setHeader("Upgrade", "websocket");
      answer(response, 426, "this is a WebSocket endpoint\n");
    } else this.#files(request, response);
  }

  #onHealth(response: ServerResponse): void {
    const health = this.#options.health();
    const isOfUse = health.status === "online" || health.status === "degraded";
    response.setHeader("Content-Type", "application/json");
    answer(response, isOfUse ? 200 : 503, `${JSON.stringify(health)}\n`);
  }

  #onBadRequest(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code !== "ECONNRESET") {
      const { remoteAddress = "" } = socket;
      this.#options.logger.log("warn", "bad request", { from: remoteAddress, code: error.code, reason: error.message });
    }
    const status = error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? "408 Request Timeout" : "400 Bad Request";
    if (socket.writable && socket.bytesWritten === 0) socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    socket.destroySoon();
  }
}

/** A short text of ours; never kept by a cache. */
function answer(response: ServerResponse, status: number, text: string): void {
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("X-Content-Type-Options", "nosniff");
  if (!response.hasHeader("Content-Type")) response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.statusCode = status;
  response.end(text);
}

/** An address to open: every interface includes this machine's own. */
export function urlOf(scheme: "http" | "https", host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `${scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
