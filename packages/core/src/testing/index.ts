export { type CutOptions, MemoryNetwork, type MemoryNetworkOptions } from "../link/index.ts";
export { SeededRandom } from "./seeded-random.ts";
export { VirtualClock, type VirtualClockOptions } from "./virtual-clock.ts";
