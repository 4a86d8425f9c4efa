export type { OfflinePolicy } from "./backlog.ts";
export { type FeedCounters, Feeds } from "./feeds.ts";
export type { Flow } from "./flow.ts";
export { Ingress } from "./ingress.ts";
export { type Listener, type LocalWant, observer } from "./local-want.ts";
export { Pinger } from "./pinger.ts";
export { type PipeCounters, Pipes, type Sent } from "./pipes/index.ts";
export { checkRelayOptions, type Relaying, type RelayOptions, RelayPolicy } from "./relay-policy.ts";
export { type PortHandler, Unicast } from "./unicast.ts";
