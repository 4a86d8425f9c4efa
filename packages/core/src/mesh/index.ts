export type { NodeInfo, ServiceInstance } from "./directory.ts";
export { roundTripOf } from "./edge-cost.ts";
export { Mesh } from "./mesh.ts";
