/**
 * The patterns wanted of one origin, and how far each has come there. Mostly all have come equally far, at all origins:
 * then the sets are one and the same, and an origin costs no more for many patterns than for one.
 */
import { TIMINGS } from "../base/limits.ts";
import { matches } from "../base/topic-pattern.ts";
import {
  both,
  has,
  includes,
  isEqual,
  NO_PATTERNS,
  type PatternNumbers,
  type PatternSet,
  union,
  without,
} from "./pattern-set.ts";

/** What was asked for within so long of each other counts as asked at once, in ms: as exact as patience need be. */
const ASKED_TOGETHER_MS = 1_000;

export class UpstreamWants {
  readonly #numbers: PatternNumbers;
  /** The other sets are parts of it, but for what is confirmed and what was asked lately. */
  #wanted = NO_PATTERNS;
  /** From some moment on nothing was missed: after a move they resume by positions instead of beginning anew. */
  #confirmed = NO_PATTERNS;
  /** Asked for at the present edge, and when last. */
  #sent = NO_PATTERNS;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  /** Answered by the present edge, and confirmed thereby. */
  #attached = NO_PATTERNS;
  /** Asked for at some edge. */
  #asked = NO_PATTERNS;
  /**
   * Of these, those asked for first within the time one waits for an answer; oldest first. May name what is wanted no
   * more, by numbers that others have now: the newest entry counts, of what is asked for.
   */
  #askedLately: { readonly atMs: number; readonly patterns: PatternSet }[] = [];

  constructor(numbers: PatternNumbers) {
    this.#numbers = numbers;
  }

  get wanted(): PatternSet {
    return this.#wanted;
  }

  /** Whatever is known of here. */
  get all(): PatternSet {
    return union(this.#wanted, this.#confirmed);
  }

  get confirmed(): PatternSet {
    return this.#confirmed;
  }

  /** Not asked for at the present edge. */
  get unsent(): PatternSet {
    return without(this.#wanted, this.#sent);
  }

  /**
   * What the present edge has yet to answer. Let go of and asked for again meanwhile, its first answer would be taken for
   * the second; who never answers is not waited for.
   */
  unanswered(nowMs: number): PatternSet {
    return nowMs - this.#sentAtMs < TIMINGS.attachMs ? without(this.#sent, this.#attached) : NO_PATTERNS;
  }

  get allAttached(): boolean {
    return isEqual(this.#attached, this.#wanted);
  }

  isConfirmed(pattern: string): boolean {
    return this.#has(this.#confirmed, pattern);
  }

  isAttached(pattern: string): boolean {
    return this.#has(this.#attached, pattern);
  }

  /** Whether `pattern` is confirmed, or asked for at least. */
  isAsked(pattern: string): boolean {
    return this.isConfirmed(pattern) || this.#has(this.#asked, pattern);
  }

  /** Whether something confirmed, or asked for at least, covers `topic`. */
  coversAsked(topic: string): boolean {
    return this.#matches(union(this.#asked, this.#confirmed), topic);
  }

  coversConfirmed(topic: string): boolean {
    return this.#matches(this.#confirmed, topic);
  }

  /** Whether a want that goes on where it stood, and is not answered yet, covers `topic`: all of its flows are owed. */
  owes(topic: string): boolean {
    return this.#matches(without(this.#confirmed, this.#attached), topic);
  }

  /** How long an answer is still waited for, in ms; none where it is not wanted, Infinity when it was asked nowhere yet. */
  waitMs(pattern: string, nowMs: number): number {
    const number = this.#numbers.numberOf(pattern);
    if (number === undefined || !has(this.#wanted, number)) return 0;
    if (!has(this.#asked, number)) return Number.POSITIVE_INFINITY;
    const asked = this.#askedLately.findLast(({ patterns }) => has(patterns, number));
    return asked ? asked.atMs + TIMINGS.attachMs - nowMs : 0;
  }

  /**
   * From now on these are wanted, and no others.
   * @param kept What is not asked for just now and will go on, `patterns` included: nothing of it is missed.
   */
  want(patterns: PatternSet, kept = patterns): void {
    this.#wanted = patterns;
    this.#confirmed = both(this.#confirmed, kept);
    this.#sent = both(this.#sent, patterns);
    this.#attached = this.#shared(both(this.#attached, patterns));
    this.#asked = both(this.#asked, patterns);
  }

  /** What was unsent has been asked for at the present edge. */
  onSent(nowMs: number): void {
    const first = without(this.#wanted, union(this.#asked, this.#confirmed));
    this.#askedLately = this.#askedLately.filter(({ atMs }) => nowMs - atMs < TIMINGS.attachMs);
    if (first.length > 0) {
      const last = this.#askedLately.at(-1);
      if (last && nowMs - last.atMs < ASKED_TOGETHER_MS)
        this.#askedLately[this.#askedLately.length - 1] = { ...last, patterns: union(last.patterns, first) };
      else this.#askedLately.push({ atMs: nowMs, patterns: first });
    }
    this.#sent = this.#wanted;
    this.#sentAtMs = nowMs;
    this.#asked = this.#wanted;
  }

  /** The present edge answers. @returns What it had not answered yet. */
  onAttached(patterns: PatternSet): PatternSet {
    const news = both(without(this.#sent, this.#attached), patterns);
    this.#attached = this.#shared(union(this.#attached, news));
    return news;
  }

  /** Nothing of these is missed from now on. @returns Those that were not confirmed yet. */
  confirm(patterns: PatternSet): PatternSet {
    const news = without(patterns, this.#confirmed);
    this.#confirmed = this.#shared(union(this.#confirmed, news));
    if (includes(this.#confirmed, this.#asked)) this.#askedLately = [];
    return news;
  }

  /** They are wanted, nothing was missed of them so far, and they are asked for as such, also where they were asked for afresh. */
  claim(patterns: PatternSet): void {
    this.#wanted = union(this.#wanted, patterns);
    this.#sent = without(this.#sent, patterns);
    this.confirm(patterns);
  }

  /** There is another edge, which was asked for nothing yet. */
  onMoved(): void {
    this.#sent = NO_PATTERNS;
    this.#attached = NO_PATTERNS;
  }

  #has(set: PatternSet, pattern: string): boolean {
    const number = this.#numbers.numberOf(pattern);
    return number !== undefined && has(set, number);
  }

  #matches(set: PatternSet, topic: string): boolean {
    for (const pattern of this.#numbers.patterns(set)) if (matches(pattern, topic)) return true;
    return false;
  }

  /** `part` of what is wanted, which may be all of it. */
  #shared(part: PatternSet): PatternSet {
    return isEqual(part, this.#wanted) ? this.#wanted : part;
  }
}
