export type { Sent } from "./out-pipe.ts";
export { type PipeCounters, Pipes } from "./pipes.ts";
