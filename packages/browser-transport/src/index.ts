export * from "@chaski/core";
export { browserClock } from "./browser-clock.ts";
export { browserRandom } from "./browser-random.ts";
export { type BrowserNodeOptions, browserRuntime, createNode } from "./create-node.ts";
export { type LifecycleScope, pageLifecycle } from "./page-lifecycle.ts";
export type { MessagePortLike } from "./port.ts";
export { acceptPort, type DialPortOptions, dialPort, type PortLinkOptions } from "./port-link.ts";
export {
  type SharedConnection,
  type SharedConnectionOptions,
  type SharedWorkerLike,
  viaSharedWorker,
} from "./shared-connection.ts";
export { type WebSocketTransportOptions, webSocketTransport } from "./websocket-transport.ts";
