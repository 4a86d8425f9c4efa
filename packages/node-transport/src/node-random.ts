/** Randomness on Node. */
import { randomFillSync } from "node:crypto";
import type { Random } from "@chaski/core";

/** Bytes from the platform's cryptographic source; floats from `Math.random`. */
export const nodeRandom: Random = {
  bytes: (count) => randomFillSync(new Uint8Array(count)),
  float: () => Math.random(),
};
