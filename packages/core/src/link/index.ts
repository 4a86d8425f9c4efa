export { untilClosed } from "./closing.ts";
export type { Link, LinkSink, LinkTraits, Listener, OnLink, Transport } from "./link.ts";
export { type CutOptions, MemoryNetwork, type MemoryNetworkOptions } from "./memory-transport.ts";
