/**
 * What a page's life means for its edges. Hidden, frozen or put away it may fall silent, and says so. Whatever may have cut
 * its ways without a sign wakes it: edges are probed, and addresses dialled anew. On its way into the back/forward cache it
 * parks: browsers keep no page with an open connection. It decides; the table of edges acts.
 */
import type { Clock } from "../base/clock.ts";
import type { LifecycleEvent } from "../base/lifecycle.ts";
import { TIMINGS } from "../base/limits.ts";
import { dispose } from "../base/platform.ts";

interface Meaning {
  readonly away?: boolean;
  readonly wakes?: boolean;
  readonly parks?: boolean;
}

const MEANINGS: Readonly<Record<LifecycleEvent, Meaning>> = {
  visible: { away: false, wakes: true },
  pageshow: { away: false, wakes: true },
  hidden: { away: true },
  freeze: { away: true },
  pagehide: { away: true, parks: true },
  // It does not come back: nobody need keep its place.
  unload: { away: false },
  resume: { wakes: true },
  online: { wakes: true },
  offline: { wakes: true },
};

export interface LifeHost {
  readonly clock: Clock;
  /** `away` has changed. */
  onAway(): void;
  onWake(): void;
  /** `isParked` holds now: nothing may stay open, nor be opened. */
  onPark(): void;
}

export class Life {
  /** May be silent for long, and means to come back. */
  away = false;
  /** Until it is woken. */
  isParked = false;
  readonly #host: LifeHost;
  #wokenAtMs = Number.NEGATIVE_INFINITY;
  #pause: Disposable | undefined;

  constructor(host: LifeHost) {
    this.#host = host;
  }

  /** An edge that is lost now is redialled at once: it was cut long ago, or timers are not to be relied upon. */
  get isHasty(): boolean {
    return !this.isParked && (this.away || this.#host.clock.now() - this.#wokenAtMs < TIMINGS.hasteMs);
  }

  on(event: LifecycleEvent): void {
    const { away = this.away, wakes, parks } = MEANINGS[event];
    const changed = away !== this.away;
    this.away = away;
    if (changed) this.#host.onAway();
    if (parks) {
      this.isParked = true;
      this.#host.onPark();
    } else if (wakes) {
      this.isParked = false;
      this.#wake();
    }
  }

  stop(): void {
    this.#pause?.[dispose]();
  }

  /** Events may come in bursts, or again and again: the first counts at once, those soon after it together. */
  #wake(): void {
    if (this.#pause) return;
    const { clock } = this.#host;
    const waitMs = this.#wokenAtMs + TIMINGS.wakePauseMs - clock.now();
    if (waitMs > 0) {
      this.#pause = clock.setTimer(waitMs, () => {
        this.#pause = undefined;
        this.#wake();
      });
      return;
    }
    this.#wokenAtMs = clock.now();
    this.#host.onWake();
  }
}
