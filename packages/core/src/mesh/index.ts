export type { NodeInfo, ServiceInstance } from "./directory.ts";
export { Mesh, type OwnInterest } from "./mesh.ts";
