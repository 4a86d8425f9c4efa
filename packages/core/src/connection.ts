/** Whether a node is connected, in the words a badge shows. */
import { isRefusal, type Seed } from "./edge/index.ts";
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

/**
 * Pure. A node that joins nobody is a mesh of its own, and online. One that is refused is offline, since somebody has to do
 * something before it can be anything else. The reason stays while it is dialled again.
 */
export function judgeConnection({
  seeds,
  edges,
  synced,
  role,
  joins,
}: ConnectionFacts): Pick<Connection, "state" | "reason"> {
  const down = seeds.find(({ state }) => "cause" in state && state.cause)?.state;
  const cause = down && "cause" in down ? down.cause : undefined;
  const reason = cause?.message;
  if (joins === 0) return { state: "online", reason: undefined };
  if (!synced) return { state: cause && isRefusal(cause) ? "offline" : "connecting", reason };
  if (edges === 0) return { state: "offline", reason };
  // A leaf needs one gateway; whoever holds several edges misses each.
  return down && role !== "leaf" ? { state: "degraded", reason } : { state: "online", reason: undefined };
}
