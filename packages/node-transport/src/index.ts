export * from "@chaski/core";
export { createNode, nodeRuntime } from "./create-node.ts";
export { listenAdvice } from "./listen-advice.ts";
export { nodeClock } from "./node-clock.ts";
export { ephemeralIdentity, nodeVerifier } from "./node-identity.ts";
export { nodeRandom } from "./node-random.ts";
export { tcpTransport } from "./tcp-transport.ts";
export { type WebSocketTransportOptions, webSocketTransport } from "./websocket-transport.ts";
