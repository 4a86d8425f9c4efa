import { batch } from "@preact/signals";

/** What arrives within this many milliseconds is drawn together: fewer frames, and nobody sees the difference. */
const COLLECT_MS = 40;

const due = new Set<() => void>();

/**
 * Run `task` in an animation frame soon, once, however often it is asked for until then.
 * A hidden tab has no frames: there the task waits, and nothing is drawn.
 */
export function onNextFrame(task: () => void): void {
  if (due.size === 0) setTimeout(() => requestAnimationFrame(run), COLLECT_MS);
  due.add(task);
}

function run(): void {
  const tasks = [...due];
  due.clear();
  batch(() => {
    for (const task of tasks) task();
  });
}
