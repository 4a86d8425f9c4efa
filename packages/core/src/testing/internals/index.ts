/** Parts of a node that the benchmarks measure alone. No package exports them. */
export { PatternIndex } from "../../base/pattern-index.ts";
export { matches } from "../../base/topic-pattern.ts";
export { computeRoutes, type LinkState, Records } from "../../mesh/index.ts";
export { control, Writer } from "../../wire/index.ts";
