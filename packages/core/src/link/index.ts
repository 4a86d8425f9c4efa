/** The subpath `@chaski/core/link`: the contract between the mesh and its transports, and what every transport needs. */

export { setDeadline } from "../base/deadline.ts";
export { LIMITS, TIMINGS } from "../base/limits.ts";
export { AbortController, type AbortSignalLike, queueMicrotask, utf8 } from "../base/platform.ts";
export { Backpressure, type BackpressureOptions } from "./backpressure.ts";
export { Batcher } from "./batcher.ts";
export { untilClosed } from "./closing.ts";
export { type FaultOptions, faulty } from "./faulty.ts";
export { FrameReceiver } from "./frame-receiver.ts";
export type { Link, LinkSink, LinkTraits, Listener, OnLink, Transport } from "./link.ts";
export { type CutOptions, MemoryNetwork, type MemoryNetworkOptions } from "./memory-transport.ts";
