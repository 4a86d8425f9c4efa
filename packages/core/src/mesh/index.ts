export type { NodeInfo, ServiceInstance } from "./directory.ts";
export { Mesh } from "./mesh.ts";
