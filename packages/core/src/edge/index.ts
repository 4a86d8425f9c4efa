export { Edge } from "./edge.ts";
export { Edges } from "./edges.ts";
export type { LocalNode } from "./handshake.ts";
export { Latency } from "./latency.ts";
export { Leases } from "./leases.ts";
export { MovingLeaves } from "./moving-leaves.ts";
export type { FrameSource } from "./outbox.ts";
export type { PacketBuilder } from "./packet-builder.ts";
export { isRefusal, type Seed } from "./seed.ts";
