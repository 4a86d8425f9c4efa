/** Lists that may be longer than one control frame holds. */
import { LIMITS } from "../base/limits.ts";
import { utf8 } from "../base/platform.ts";

/** What an entry takes beside its text, at most: two lengths, an id, a count and a flag. */
const ENTRY_BYTES = 25;

/** `entries` in their order, in runs that each fit into a control frame; one empty run when there are none. */
export function* inFrames<T>(entries: readonly T[], textOf: (entry: T) => string): Generator<readonly T[], void> {
  let from = 0;
  let bytes = 0;
  for (const [at, entry] of entries.entries()) {
    bytes += utf8.encode(textOf(entry)).byteLength + ENTRY_BYTES;
    if (bytes <= LIMITS.listBytes || at === from) continue;
    yield entries.slice(from, at);
    from = at;
    bytes = utf8.encode(textOf(entry)).byteLength + ENTRY_BYTES;
  }
  yield from === 0 ? entries : entries.slice(from);
}
