export { type CutOptions, type FaultOptions, faulty, MemoryNetwork, type MemoryNetworkOptions } from "../link/index.ts";
export { describeLink, type LinkPair, type Runner } from "./link-compliance.ts";
export { RecordingSink } from "./recording-sink.ts";
export { SeededRandom } from "./seeded-random.ts";
export { VirtualClock, type VirtualClockOptions } from "./virtual-clock.ts";
