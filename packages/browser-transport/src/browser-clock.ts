/** Time in a page or a worker. */
import { type Clock, dispose } from "@chaski/core";

/** Longest delay browsers' timers take; beyond, they would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

const due: (() => void)[] = [];
let wake: MessagePort | undefined;

/** A message to oneself comes before later timers and is not held back in a hidden tab, as timers are. */
function soon(run: () => void): void {
  if (!wake) {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => due.shift()?.();
    wake = port2;
  }
  due.push(run);
  wake.postMessage(undefined);
}

/**
 * The browser's own clock. Timers are late in a hidden tab, by a second and later by a minute, and do not run in a
 * frozen one; delays end at 24.8 days.
 */
export const browserClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, MAX_DELAY_MS));
    return { [dispose]: () => clearTimeout(timer) };
  },
  soon,
};
