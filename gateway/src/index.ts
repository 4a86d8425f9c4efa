export { createGateway, type Gateway } from "./create-gateway.ts";
export type { GatewayOptions } from "./gateway-options.ts";
export type { Health } from "./http-front.ts";
