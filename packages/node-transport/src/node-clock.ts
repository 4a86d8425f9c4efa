/** Time on Node. */
import type { Clock } from "@chaski/core";

/** Longest delay Node's timers take; beyond, they would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The process's own clock. Timers keep the process alive until they fire or are disposed; delays end at 24.8 days. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  // Node's timer object is disposable itself.
  setTimer: (delayMs, run) => setTimeout(run, Math.min(delayMs, MAX_DELAY_MS)),
  soon: (run) => {
    setImmediate(run);
  },
};
