import { signal } from "@preact/signals";

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly at: number;
}

const MAX_SHOWN = 4;

/** The newest notices until they are dismissed; a fifth replaces the oldest. */
export class Notices {
  readonly shown = signal<readonly Notice[]>([]);
  #nextId = 1;

  add(text: string): void {
    const notice = { id: this.#nextId++, text, at: Date.now() };
    this.shown.value = [...this.shown.value, notice].slice(-MAX_SHOWN);
  }

  dismiss(id: number): void {
    this.shown.value = this.shown.value.filter((notice) => notice.id !== id);
  }
}
