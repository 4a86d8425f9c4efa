/**
 * The receiving end of a pipe: how far it has come. It takes the next number and nothing else, so it holds no messages. Pure.
 * One is kept for each sender and lane, for the newest pipe: numbers of pipes grow, so an old copy is never taken for news.
 */
import { LIMITS, TIMINGS } from "../../base/limits.ts";

export class InPipe {
  /** Of the newest pipe; 0 before the first. */
  number = 0;
  /** Messages up to this number were taken. */
  taken = 0;
  /** When an acknowledgement has to leave at last; Infinity when none is owed. */
  ackDueMs = Number.POSITIVE_INFINITY;
  usedMs = 0;
  /** Something is missing, and its sender has not been told. */
  hasHole = false;
  #owedBytes = 0;

  /**
   * @returns `take`: it is the next one, and counts as taken. `again`: it was taken before. `hole`: something before it is
   *   missing. `unknown`: of a pipe that is over, or that others remember and this end does not.
   */
  offer(
    { pipe, number, flag: isOpening }: { readonly pipe: number; readonly number: number; readonly flag: boolean },
    bytes: number,
    nowMs: number,
  ): "take" | "again" | "hole" | "unknown" {
    if (pipe !== this.number) {
      if (pipe < this.number || !isOpening) return "unknown";
      this.number = pipe;
      this.taken = 0;
    }
    this.usedMs = nowMs;
    if (number !== this.taken + 1) {
      this.ackDueMs = nowMs;
      if (number <= this.taken) return "again";
      this.hasHole = true;
      return "hole";
    }
    this.taken = number;
    this.#owedBytes += bytes;
    if (this.#owedBytes >= LIMITS.pipeWindowBytes / 4) this.ackDueMs = nowMs;
    else if (this.ackDueMs === Number.POSITIVE_INFINITY) this.ackDueMs = nowMs + TIMINGS.pipeAckMs;
    return "take";
  }

  /** An acknowledgement leaves now. */
  acknowledged(): void {
    this.hasHole = false;
    this.#owedBytes = 0;
    this.ackDueMs = Number.POSITIVE_INFINITY;
  }
}
