/** What a gateway answers when it is asked which of its leaves subscribe to a topic: by id, a page at a time. Pure. */
import type { NodeId } from "../base/ids.ts";
import { utf8 } from "../base/platform.ts";
import type { Leaf } from "../mesh/index.ts";

export interface LeafPage {
  /** There are others after these. */
  readonly more: boolean;
  readonly leaves: readonly Leaf[];
}

/** What one answer may take at most, in bytes. */
const PAGE_BYTES = 32 * 1024;
/** What a leaf takes of an answer beside its name: id and length. */
const LEAF_BYTES = 18;

/** The first of `leaves` whose ids are above `after`. */
export function leafPage(leaves: ReadonlyMap<NodeId, Leaf>, after: NodeId): LeafPage {
  const all = [...leaves.values()].filter(({ id }) => id > after);
  all.sort((one, other) => (one.id < other.id ? -1 : 1));
  let byteLength = 0;
  const first = all.findIndex(({ name }) => {
    byteLength += LEAF_BYTES + utf8.encode(name).byteLength;
    return byteLength > PAGE_BYTES;
  });
  return first < 0 ? { more: false, leaves: all } : { more: true, leaves: all.slice(0, first) };
}
