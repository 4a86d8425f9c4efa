/** What a gateway is made from, checked. What concerns its node is checked by `createNode`. */
import { statSync } from "node:fs";
import type { Server } from "node:http";
import type { NodeOptions } from "@chaski/core";
import { isOrigin } from "./origin.ts";

export interface GatewayOptions extends Omit<NodeOptions, "role"> {
  /** Where to serve HTTP. Not together with `server`. */
  readonly http?: {
    /** An interface's address or name. Default `127.0.0.1`: this machine alone. */
    readonly host?: string;
    /** 0 to 65535, 0 for any free one. Default 8080. */
    readonly port?: number;
  };
  /**
   * Your own HTTP or HTTPS server, listening or not yet. The gateway takes WebSocket upgrades at `path` and touches
   * nothing else: requests, other upgrades and its end remain yours.
   */
  readonly server?: Server;
  /** Where leaves open their WebSocket. Default `/mesh`. */
  readonly path?: string;
  /** A folder to serve beside it. Hashed names in `assets/` may be cached for a year, everything else is revalidated. */
  readonly static?: string;
  /**
   * Origins whose pages may come in besides those from this very host, as browsers write them: `https://lab.example`.
   * `*` lets in every page a user of this network looks at. Default none.
   */
  readonly allowOrigins?: readonly string[];
}

export const GATEWAY_DEFAULTS = { host: "127.0.0.1", port: 8080, path: "/mesh" } as const;

/** Every option, so that a misspelt one is noticed; a new one of the node does not compile until it is here. */
const OPTIONS: Readonly<Record<keyof GatewayOptions, true>> = {
  name: true,
  mesh: true,
  listen: true,
  advertise: true,
  join: true,
  credentials: true,
  logBytes: true,
  observe: true,
  relay: true,
  logger: true,
  http: true,
  server: true,
  path: true,
  static: true,
  allowOrigins: true,
};

/** Answers whether this gateway is of use; not available to anything else. */
export const HEALTH_PATH = "/health";

/** The gateway's own options apart from its node's, with their defaults. */
export interface CheckedOptions {
  readonly own: { readonly host: string; readonly port: number } | { readonly server: Server };
  readonly path: string;
  readonly static: string | undefined;
  readonly allowOrigins: readonly string[];
  readonly node: NodeOptions;
}

/** @throws {TypeError | RangeError} naming the option, the rule and the value. */
export function checkGatewayOptions(options: GatewayOptions): CheckedOptions {
  checkObject("the options of createGateway", options);
  checkNames("createGateway", options, Object.keys(OPTIONS));
  const { http, server, path = GATEWAY_DEFAULTS.path, static: folder, allowOrigins = [], ...node } = options;
  if (http !== undefined && server !== undefined) throw new TypeError("http and server exclude each other, got both");
  if (server !== undefined && folder !== undefined) {
    throw new TypeError(`static must not be given with server, which serves files itself, got ${shown(folder)}`);
  }
  if (server !== undefined && typeof server.on !== "function") {
    throw new TypeError(`server must be an HTTP server of Node, got ${shown(server)}`);
  }
  if (typeof path !== "string" || !/^\/[^?#\s]*$/.test(path) || path === HEALTH_PATH) {
    throw new TypeError(`path must begin with / and be no ${HEALTH_PATH}, as in "/mesh", got ${shown(path)}`);
  }
  if (folder !== undefined && !isFolder(folder)) {
    throw new TypeError(`static must be a folder that exists, got ${shown(folder)}`);
  }
  if (!Array.isArray(allowOrigins)) {
    throw new TypeError(`allowOrigins must be a list of origins, got ${shown(allowOrigins)}`);
  }
  for (const origin of allowOrigins) {
    if (origin === "*" || (typeof origin === "string" && isOrigin(origin))) continue;
    const rule = 'must be origins as browsers write them, such as "https://lab.example", or "*"';
    throw new TypeError(`allowOrigins ${rule}, got ${shown(origin)}`);
  }
  return { own: server ? { server } : checkHttp(http ?? {}), path, static: folder, allowOrigins, node };
}

function checkHttp(http: NonNullable<GatewayOptions["http"]>): { host: string; port: number } {
  checkObject("http", http);
  checkNames("http", http, ["host", "port"]);
  const { host = GATEWAY_DEFAULTS.host, port = GATEWAY_DEFAULTS.port } = http;
  if (typeof host !== "string" || host === "" || /[\s/?#@]/.test(host)) {
    throw new TypeError(`http.host must be an address or name of this machine, got ${shown(host)}`);
  }
  if (typeof port !== "number" || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`http.port must be a whole number from 0 to 65535, got ${shown(port)}`);
  }
  return { host, port };
}

function checkObject(what: string, value: unknown): void {
  if (typeof value !== "object" || value === null)
    throw new TypeError(`${what} must be an object, got ${shown(value)}`);
}

function checkNames(where: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new TypeError(`${where} has no option "${name}"; it has ${known.join(", ")}`);
  }
}

function isFolder(path: unknown): boolean {
  return typeof path === "string" && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
