/** What `@chaski/browser-transport`, `@chaski/node-transport` and `@chaski/gateway` share. */
export * from "./channels/index.ts";
export { DEFAULT_PATH, webSocketUrl } from "./websocket-address.ts";
export { type WebSocketDiallerOptions, webSocketDialler } from "./websocket-dialler.ts";
export { MAX_MESSAGE_BYTES, type NodeWebSocketLike, SUBPROTOCOL, type WebSocketLike } from "./websocket-like.ts";
export { openWebSocketLink, type WebSocketLinkOptions } from "./websocket-link.ts";
