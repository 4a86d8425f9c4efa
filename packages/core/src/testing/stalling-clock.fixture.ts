/** Time that can jump past timers, as it does for a process that was stopped. */
import { VirtualClock } from "./virtual-clock.ts";

export class StallingClock extends VirtualClock {
  #stalledMs = 0;
  override now(): number {
    return super.now() + this.#stalledMs;
  }
  /** `ms` pass at once; then the next timer fires, late. */
  stall(ms: number): void {
    this.#stalledMs += ms - (this.nextMs! - super.now());
    this.step();
  }
}
