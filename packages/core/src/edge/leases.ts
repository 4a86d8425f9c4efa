/** Which leaves that went away have a long lease: so many at a time, so that nobody keeps more of a gateway than that. */
import type { Clock } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";

export class Leases {
  readonly #clock: Clock;
  /** When each ends: the first to end stands first. */
  readonly #endsAtMs = new Map<NodeId, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns Whether there was one left. */
  begin(leaf: NodeId): boolean {
    const nowMs = this.#clock.now();
    this.#endsAtMs.delete(leaf);
    for (const [other, endsAtMs] of this.#endsAtMs) {
      if (endsAtMs > nowMs) break;
      this.#endsAtMs.delete(other);
    }
    if (this.#endsAtMs.size >= LIMITS.awayLeaves) return false;
    this.#endsAtMs.set(leaf, nowMs + LIMITS.awayLeaseMs);
    return true;
  }

  /** It is back. */
  end(leaf: NodeId): void {
    this.#endsAtMs.delete(leaf);
  }
}
