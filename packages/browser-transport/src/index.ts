export { browserClock } from "./browser-clock.ts";
export { browserRandom } from "./browser-random.ts";
export { type WebSocketTransportOptions, webSocketTransport } from "./websocket-transport.ts";
