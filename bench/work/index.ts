/** Every work, by the name of its contender. */
import type { WorkName } from "../contenders/names.ts";
import { byIndex, byScan } from "./match.ts";
import { breadthFirst, shortestPaths } from "./routes.ts";
import { ed25519, newRecords, oldRecords } from "./verify.ts";
import type { Work } from "./work.ts";

export const works: Readonly<Record<WorkName, Work>> = {
  "breadth-first": breadthFirst,
  "shortest-paths": shortestPaths,
  scan: byScan,
  index: byIndex,
  ed25519,
  record: newRecords,
  "old-record": oldRecords,
};
