export * from "@chaski/core";
export { browserClock } from "./browser-clock.ts";
export { browserRandom } from "./browser-random.ts";
export { type BrowserNodeOptions, browserRuntime, createNode } from "./create-node.ts";
export { type LifecycleScope, pageLifecycle } from "./page-lifecycle.ts";
export { type WebSocketTransportOptions, webSocketTransport } from "./websocket-transport.ts";
