export type { NodeInfo, PeerWants, ServiceInstance } from "./directory.ts";
export type { Leaf } from "./interest.ts";
export { LeafSpeaker } from "./leaf-speaker.ts";
export { type Holdings, type LeaveReason, Mesh } from "./mesh.ts";
export { PeerSpeaker } from "./peer-speaker.ts";
export { type OldNews, Records } from "./records.ts";
export { computeRoutes, type LinkState } from "./routes.ts";
export type { Speaker, SpeakerOptions } from "./speaker.ts";
export type { Topology, TopologyEdge } from "./topology.ts";
