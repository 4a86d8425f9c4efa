/** Randomness in a page or a worker, on plain http too. */
import type { Random } from "@chaski/core";

/** What one call of the browser gives at most. */
const MAX_BYTES = 65_536;

/** Bytes from the browser's cryptographic source; floats from `Math.random`. */
export const browserRandom: Random = {
  bytes: (count) => {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += MAX_BYTES) crypto.getRandomValues(bytes.subarray(at, at + MAX_BYTES));
    return bytes;
  },
  float: () => Math.random(),
};
