/** Lists that may be longer than one control frame holds. */
import { LIMITS } from "../base/limits.ts";

/** What a list may take of a frame; the rest is for whatever stands beside it. */
const CHUNK_BYTES = LIMITS.controlFrameBytes / 2;
/** A UTF-16 unit is at most three bytes of UTF-8; a length and a flag come on top. */
const UNIT_BYTES = 3;
const ENTRY_BYTES = 3;

/** `entries` in their order, in runs that each fit into a control frame; one empty run when there are none. */
export function* inFrames<T>(entries: readonly T[], textOf: (entry: T) => string): Generator<readonly T[]> {
  let from = 0;
  let bytes = 0;
  for (const [at, entry] of entries.entries()) {
    const entryBytes = textOf(entry).length * UNIT_BYTES + ENTRY_BYTES;
    if (bytes + entryBytes > CHUNK_BYTES && at > from) {
      yield entries.slice(from, at);
      from = at;
      bytes = 0;
    }
    bytes += entryBytes;
  }
  yield from === 0 ? entries : entries.slice(from);
}
