import { batch } from "@preact/signals";

const due = new Set<() => void>();

/**
 * Run `task` in the next animation frame, once, however often it is asked for until then.
 * A hidden tab has no frames: there the task waits, and nothing is drawn.
 */
export function onNextFrame(task: () => void): void {
  if (due.size === 0) requestAnimationFrame(run);
  due.add(task);
}

function run(): void {
  const tasks = [...due];
  due.clear();
  batch(() => {
    for (const task of tasks) task();
  });
}
