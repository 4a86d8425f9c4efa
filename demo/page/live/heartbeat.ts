import { type ReadonlySignal, signal } from "@preact/signals";

const PERIOD_MS = 1_000;
const time = signal(Date.now());

/** Milliseconds since 1970, once per second while the tab is visible. For ages and rates, which change by themselves. */
export const now: ReadonlySignal<number> = time;

let timer: ReturnType<typeof setInterval> | undefined;

function beat(): void {
  time.value = Date.now();
}

function follow(): void {
  clearInterval(timer);
  if (document.hidden) return;
  beat();
  timer = setInterval(beat, PERIOD_MS);
}

document.addEventListener("visibilitychange", follow);
follow();
