export { type FeedCounters, Feeds } from "./feeds.ts";
export type { Flow } from "./flow.ts";
export { Ingress } from "./ingress.ts";
export type { Listener, LocalWant } from "./local-want.ts";
export { Pinger } from "./pinger.ts";
export { Unicast } from "./unicast.ts";
