export type { NodeInfo, PeerWants, ServiceInstance } from "./directory.ts";
export { type LeaveReason, Mesh } from "./mesh.ts";
export type { Leaf } from "./own-share.ts";
export { Records } from "./records.ts";
export { computeRoutes, type LinkState } from "./routes.ts";
export type { Topology, TopologyEdge } from "./topology.ts";
