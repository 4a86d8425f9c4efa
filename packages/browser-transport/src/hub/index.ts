/** The subpath `@chaski/browser-transport/hub`: all that the script of a SharedWorker needs. */
import { browserClock } from "../browser-clock.ts";
import { Hub } from "./hub.ts";

export { Hub, type HubOptions } from "./hub.ts";

/** The part of a SharedWorker's `self` that is used. */
export interface HubScope {
  addEventListener(type: "connect", listener: (event: MessageEvent) => void): void;
}

/**
 * Carry the connections of all tabs that share this worker over one WebSocket. To be called at once by the script of a
 * SharedWorker, whose tabs use `viaSharedWorker`.
 */
export function serveTabs(scope: HubScope = globalThis as unknown as HubScope): Hub {
  const hub = new Hub({ clock: browserClock, connect: (url, subprotocol) => new WebSocket(url, subprotocol) });
  scope.addEventListener("connect", ({ ports }) => {
    for (const port of ports) hub.accept(port);
  });
  return hub;
}
