import { effect, signal, untracked } from "@preact/signals";
import { now } from "../live/heartbeat.ts";

export interface Notice {
  readonly id: number;
  readonly text: string;
  /** Why it is shown, such as "shown by a call from the mesh". */
  readonly why: string;
  readonly at: number;
}

const MAX_SHOWN = 4;
/** Time enough to read one, in seconds. */
const SHOWN_FOR_S = 12;

/**
 * The newest notices; a fifth replaces the oldest. They go by themselves after a while, but only time in which the tab
 * is visible counts, and none in which somebody points at them or has the focus among them.
 */
export class Notices {
  readonly shown = signal<readonly Notice[]>([]);
  readonly held = signal(false);
  #nextId = 1;
  readonly #shownForS = new WeakMap<Notice, number>();

  constructor() {
    effect(() => {
      if (now.value && !this.held.value) untracked(() => this.#grow());
    });
  }

  add(text: string, why: string): void {
    const notice = { id: this.#nextId++, text, why, at: Date.now() };
    this.shown.value = [...this.shown.value, notice].slice(-MAX_SHOWN);
  }

  dismiss(id: number): void {
    // Who has just dismissed one from within is no longer there.
    this.held.value = false;
    this.shown.value = this.shown.value.filter((notice) => notice.id !== id);
  }

  /** Once per visible second. */
  #grow(): void {
    for (const notice of this.shown.value) {
      const seconds = (this.#shownForS.get(notice) ?? 0) + 1;
      this.#shownForS.set(notice, seconds);
      if (seconds > SHOWN_FOR_S) this.dismiss(notice.id);
    }
  }
}
