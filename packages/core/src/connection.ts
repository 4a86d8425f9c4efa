/** Whether a node is connected, in the words a badge shows. */
import type { Seed } from "./edge/index.ts";
import type { Connection } from "./node-info.ts";
import type { Role } from "./wire/index.ts";

export interface ConnectionFacts {
  readonly seeds: readonly Pick<Seed, "state">[];
  /** Open edges. */
  readonly edges: number;
  /** A neighbour has told all it knows, at least once. */
  readonly synced: boolean;
  readonly role: Role;
  /** Addresses to join. */
  readonly joins: number;
}

/** Pure. A node that joins nobody is a mesh of its own, and online. */
export function judgeConnection({
  seeds,
  edges,
  synced,
  role,
  joins,
}: ConnectionFacts): Pick<Connection, "state" | "reason"> {
  const down = seeds.find(({ state }) => state.phase === "waiting" || state.phase === "stopped")?.state;
  const reason = down && "cause" in down ? down.cause?.message : undefined;
  if (joins === 0) return { state: "online", reason: undefined };
  if (!synced) return { state: "connecting", reason };
  if (edges === 0) return { state: "offline", reason };
  // A leaf needs one gateway; whoever holds several edges misses each.
  return down && role !== "leaf" ? { state: "degraded", reason } : { state: "online", reason: undefined };
}
