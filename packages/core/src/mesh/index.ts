export type { NodeInfo, ServiceInstance } from "./directory.ts";
export { Mesh } from "./mesh.ts";
export type { Topology, TopologyEdge } from "./topology.ts";
