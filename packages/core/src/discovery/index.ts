export { checkDiscover, type Discovered, type DiscoverOptions, Discovery } from "./discovery.ts";
export { type LeafPage, leafPage } from "./leaf-page.ts";
export type { Subscriber } from "./subscribers.ts";
