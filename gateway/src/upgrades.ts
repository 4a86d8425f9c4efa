/** The upgrades at one path of an HTTP server; all others stay as they would be without us. */
import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

export type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Hand every upgrade at `path` to `onUpgrade`, until disposed.
 * @throws {TypeError} when another gateway has this path of this server.
 */
export function takeUpgrades(server: Server, path: string, onUpgrade: OnUpgrade): Disposable {
  let upgrades = upgradesOf.get(server);
  if (!upgrades) upgradesOf.set(server, (upgrades = new Upgrades(server)));
  return upgrades.take(path, onUpgrade);
}

/** The path of a request, without its query; `undefined` for what is none (`*`, nonsense). */
export function pathOf({ url = "" }: IncomingMessage): string | undefined {
  return URL.canParse(url, "http://host") ? new URL(url, "http://host").pathname : undefined;
}

/** One listener a server, so that several gateways on it know of each other. */
const upgradesOf = new WeakMap<Server, Upgrades>();

class Upgrades {
  readonly #server: Server;
  readonly #byPath = new Map<string, OnUpgrade>();

  constructor(server: Server) {
    this.#server = server;
  }

  take(path: string, onUpgrade: OnUpgrade): Disposable {
    const byPath = this.#byPath;
    if (byPath.has(path)) throw new TypeError(`path must be free on the given server; a gateway has "${path}" already`);
    byPath.set(path, onUpgrade);
    if (byPath.size === 1) this.#server.on("upgrade", this.#onUpgrade);
    return {
      [Symbol.dispose]: () => {
        if (byPath.get(path) !== onUpgrade) return;
        byPath.delete(path);
        if (byPath.size === 0) this.#server.off("upgrade", this.#onUpgrade);
      },
    };
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const onUpgrade = this.#byPath.get(pathOf(request) ?? "");
    if (onUpgrade) onUpgrade(request, socket, head);
    else if (this.#server.listenerCount("upgrade") === 1) this.#asRequest(request, socket as Socket);
  };

  /**
   * A server that listens to no upgrade answers as if none was asked for: curl and Java's client offer HTTP/2 in that
   * way with a request like any other. Our listener must not change that. Such a request has no body to be read:
   * Node has stopped parsing the connection.
   */
  #asRequest(request: IncomingMessage, socket: Socket): void {
    const { "content-length": length = "0", "transfer-encoding": chunked } = request.headers;
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once("finish", () => {
      response.detachSocket(socket);
      socket.destroySoon(); // whoever does not close its own side must not keep it
    });
    socket.on("error", () => socket.destroy());
    if (length !== "0" || chunked !== undefined || this.#server.listenerCount("request") === 0) {
      response.writeHead(400, { Connection: "close" }).end("no upgrade is offered here\n");
    } else this.#server.emit("request", request, response);
  }
}
