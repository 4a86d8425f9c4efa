/** Addresses as people give them → the URL a WebSocket is opened with. */

/** Where a gateway takes WebSockets unless told otherwise. */
export const DEFAULT_PATH = "/mesh";

const SHAPE = /^(https?|wss?):\/\/(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?(\/[^?#\s]*)?(\?[^#\s]*)?$/;

/**
 * `https://host` → `wss://host/mesh`; an `http`, `https`, `ws` or `wss` address with a path keeps it, and a `ws` or
 * `wss` address is taken as it is.
 * @throws {TypeError} naming the argument, the rule and the value.
 */
export function webSocketUrl(address: string): string {
  const [, scheme, host, port, path, query = ""] = SHAPE.exec(address) ?? [];
  if (
    scheme === undefined ||
    host === undefined ||
    (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535))
  ) {
    const rule = 'must be "http(s)://<host>[:<port>][/<path>]" or the same with ws(s), with a port from 1 to 65535';
    throw new TypeError(`address ${rule}, got ${JSON.stringify(address)}`);
  }
  const isPage = scheme.startsWith("http");
  const noPath = path === undefined || path === "/";
  const secure = scheme === "https" || scheme === "wss";
  const shownPath = isPage && noPath ? DEFAULT_PATH : (path ?? "/");
  return `${secure ? "wss" : "ws"}://${host}${port === undefined ? "" : `:${port}`}${shownPath}${query}`;
}
