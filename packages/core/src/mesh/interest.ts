/** What a node itself, or a leaf of it, puts into the directory. */
import type { NodeId } from "../base/ids.ts";

/** What this node itself wants and offers. */
export interface OwnInterest {
  readonly topics: readonly string[];
  readonly services: readonly string[];
}

export interface Leaf {
  readonly id: NodeId;
  readonly name: string;
  /** When it came to this gateway, see `edge/tickets.ts`. */
  readonly arrival?: number;
}
