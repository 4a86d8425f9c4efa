/** Deadlines in this process's own running time: what it slept, frozen or throttled, is not held against anybody. */
import type { Clock } from "./clock.ts";
import { TIMINGS } from "./limits.ts";
import { dispose } from "./platform.ts";

/** So often who wakes up late reads what waits first; timers that are always late, as in a hidden tab, end it then. */
const RESPITES = 3;

/**
 * Call `run` once, `delayMs` from now, as `clock.setTimer` does; but when that comes much too late, this process was asleep,
 * and what it waits for may be here unread: then a little later.
 */
export function setDeadline(clock: Clock, delayMs: number, run: () => void): Disposable {
  let respites = RESPITES;
  let dueMs = clock.now() + delayMs;
  const look = (): void => {
    const nowMs = clock.now();
    if (nowMs - dueMs < TIMINGS.lateMs || respites-- === 0) return run();
    dueMs = nowMs + TIMINGS.lateMs;
    timer = clock.setTimer(TIMINGS.lateMs, look);
  };
  let timer = clock.setTimer(delayMs, look);
  return { [dispose]: () => timer[dispose]() };
}
