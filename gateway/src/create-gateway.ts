/** Assembles a gateway: a node of role gateway, the WebSocket endpoint that brings it leaves, HTTP beside it. */
import type { IncomingMessage, Server } from "node:http";
import { type TLSSocket, Server as TlsServer } from "node:tls";
import { createNode, type Logger, type MeshNode } from "@chaski/core";
import { nodeRuntime } from "@chaski/node-transport";
import { checkGatewayOptions, type GatewayOptions } from "./gateway-options.ts";
import { type Health, HttpFront, urlOf } from "./http-front.ts";
import { isOriginAllowed } from "./origin.ts";
import { takeUpgrades } from "./upgrades.ts";
import { WebSocketListener } from "./websocket-listener.ts";

/** How long `close` lets leaves, messages and answers leave, in ms, unless told otherwise. */
const CLOSE_TIMEOUT_MS = 5_000;
const MAX_CLOSE_TIMEOUT_MS = 3_600_000;
/** Between two lines that tell how far it is, in ms. */
const PROGRESS_MS = 1_000;

export interface Gateway extends AsyncDisposable {
  /** A node like any other: it publishes, subscribes, exposes and calls. It ends with the gateway. */
  readonly node: MeshNode;
  /**
   * Where a browser on this machine reaches it: `http://127.0.0.1:8080`.
   * @throws {TypeError} while a server that was given does not listen.
   */
  readonly url: string;
  /** What leaves join: `ws://127.0.0.1:8080/mesh`. `url` does as well while `path` is the default. @throws as `url` */
  readonly address: string;
  /** What `/health` answers, for a server of your own to show. */
  health(): Health;
  /**
   * Take no new neighbours, ask leaves one after the other to go to another gateway of their `join`, hand on what was taken,
   * all of it for at most `timeoutMs` (default 5 000; 0 to 3 600 000). Then say goodbye to whoever is left, and release
   * every timer and socket. A server that was given goes on. Idempotent: whoever asks again gets the same promise. It resolves
   * when all of that is done, also when the time is up.
   * @throws {RangeError}
   */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
}

const silent: Logger = { log: () => {} };

/**
 * Start a gateway. Resolves when it listens; peers to join are dialled in the background, again and again.
 *
 * Programs (they send no Origin) and pages from this very host may come in. Where that is too much, as on a network
 * you do not trust, put a proxy in front that asks who it is.
 *
 * @throws {TypeError | RangeError} for options that are wrong, naming option, rule and value.
 * @throws {MeshError} `listen-failed`, with what to do.
 */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const { own, path, static: folder, allowOrigins, node: nodeOptions } = checkGatewayOptions(options);
  const { logger = silent } = options;
  const node = await createNode({ ...nodeOptions, role: "gateway" }, nodeRuntime({ role: "gateway" }));
  let isClosing = false;

  const health = (): Health => {
    const { edges, connection } = node;
    const leaves = edges.filter(({ peer }) => peer.role === "leaf").length;
    return { status: isClosing ? "closing" : connection.state, edges: edges.length - leaves, leaves };
  };
  const front = "server" in own ? undefined : new HttpFront({ ...own, path, static: folder, logger, health });
  const server: Server = "server" in own ? own.server : front!.server;
  const webSockets = new WebSocketListener((link) => node.accept(link), {
    allow: ({ headers: { origin, host }, socket }) =>
      isOriginAllowed({ origin, host }, (socket as TLSSocket).encrypted || undefined, allowOrigins),
    onRefused: (request, reason) => logger.log("warn", "WebSocket refused", { ...whence(request), reason }),
  });
  let upgrades: Disposable | undefined;
  try {
    upgrades = takeUpgrades(server, path, (request, socket, head) => {
      front?.handOver(request.socket);
      webSockets.handleUpgrade(request, socket, head);
    });
    await front?.listen();
  } catch (error) {
    upgrades?.[Symbol.dispose]();
    await node.close({ timeoutMs: 0 });
    throw error;
  }
  logger.log("info", "gateway ready", { url: front?.url, path, id: node.id, listen: node.addresses });

  const end = async (timeoutMs: number): Promise<void> => {
    const deadlineMs = performance.now() + timeoutMs;
    isClosing = true;
    const tell = (): void => {
      const { leaves, edges } = health();
      const leftMs = Math.max(0, Math.round(deadlineMs - performance.now()));
      logger.log("info", "gateway draining", { leaves, edges, leftMs });
    };
    tell();
    const telling = setInterval(tell, PROGRESS_MS);
    // Whoever comes meanwhile is answered: that it is to try another gateway, or by /health that this one is closing.
    await node.close({ timeoutMs }).finally(() => clearInterval(telling));
    upgrades[Symbol.dispose]();
    front?.stop();
    await front?.ended(Math.max(0, deadlineMs - performance.now()));
    logger.log("info", "gateway closed", { id: node.id });
  };
  let closed: Promise<void> | undefined;
  const close = ({ timeoutMs = CLOSE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<void> => {
    if (typeof timeoutMs !== "number" || !(timeoutMs >= 0 && timeoutMs <= MAX_CLOSE_TIMEOUT_MS)) {
      throw new RangeError(`timeoutMs must be a number from 0 to ${MAX_CLOSE_TIMEOUT_MS}, got ${String(timeoutMs)}`);
    }
    return (closed ??= end(timeoutMs));
  };
  const url = (): string => front?.url ?? urlOfGiven(server);
  return {
    node,
    get url() {
      return url();
    },
    get address() {
      return url().replace(/^http/, "ws") + path;
    },
    health,
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

function whence({ headers, socket }: IncomingMessage) {
  return { from: socket.remoteAddress, origin: headers.origin, host: headers.host };
}

function urlOfGiven(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new TypeError(`url is known when the given server listens on a port, but it has ${address ?? "none yet"}`);
  }
  return urlOf(server instanceof TlsServer ? "https" : "http", address.address, address.port);
}
