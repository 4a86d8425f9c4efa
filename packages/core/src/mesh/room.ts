/**
 * Room that all peers share. Each has an equal part to itself; what is above it competes for as much again. So nobody who
 * says little is turned away because others say much. Pure.
 */
import { LIMITS } from "../base/limits.ts";

export class Room {
  readonly #bytes: number;
  /** What peers hold above their parts, in bytes. */
  #above = 0;

  /** @param bytes Of all peers together, at most twice as much is held. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** One peer wants to hold `bytes` instead of `before`. @returns Whether it may; it always may hold less. */
  resize(before: number, bytes: number): boolean {
    const more = this.#abovePart(bytes) - this.#abovePart(before);
    if (more > 0 && this.#above + more > this.#bytes) return false;
    this.#above += more;
    return true;
  }

  /** Whether so much is more than one peer's part. */
  isAbove(bytes: number): boolean {
    return this.#abovePart(bytes) > 0;
  }

  #abovePart(bytes: number): number {
    return Math.max(0, bytes - this.#bytes / LIMITS.peers);
  }
}
