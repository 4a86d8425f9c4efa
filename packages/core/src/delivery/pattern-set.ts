/**
 * Sets of patterns, each a bit. What is wanted of many origins, and how far it has come at each, is mostly the same: sets
 * are never changed, so that those that are equal can be one.
 */

/** Bit n is the pattern with number n. Has no zero at its end, and is never changed. */
export type PatternSet = Uint32Array;

export const NO_PATTERNS: PatternSet = new Uint32Array(0);

/** So many different sets are looked at to find one that is the same. */
const MOST_SETS = 4_096;

/** Gives each pattern a small number for as long as somebody keeps it. */
export class PatternNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #patterns: (string | undefined)[] = [];
  #free: number[] = [];
  /** The set named last: one after the other, origins come to the same. */
  #named = NO_PATTERNS;
  #names: readonly string[] = [];
  #sets = new WeakMap<object, PatternSet>();
  /** Sets that were reckoned, by their hash. */
  readonly #reckoned = new Map<number, PatternSet>();

  /** Patterns that have a number. */
  get size(): number {
    return this.#numbers.size;
  }

  /** What a set takes that has all of them, in bytes. */
  get setBytes(): number {
    return this.#patterns.length / 8;
  }

  numberOf(pattern: string): number | undefined {
    return this.#numbers.get(pattern);
  }

  /** Those of `patterns` that have a number. */
  known(patterns: Iterable<string>): PatternSet {
    const numbers: number[] = [];
    for (const pattern of patterns) {
      const number = this.#numbers.get(pattern);
      if (number !== undefined) numbers.push(number);
    }
    return setOf(numbers);
  }

  /** All of `patterns`; who has no number is given one. */
  all(patterns: Iterable<string>): PatternSet {
    return setOf(Array.from(patterns, (pattern) => this.#numbers.get(pattern) ?? this.#give(pattern)));
  }

  /** The same, reckoned once. @param list Stands for `patterns`, which are the same every time. */
  allOf(list: object, patterns: Iterable<string>): PatternSet {
    let set = this.#sets.get(list);
    if (!set) this.#sets.set(list, (set = this.same(this.all(patterns))));
    return set;
  }

  /** Of the sets that are equal always the same one: thousands of origins and leaves share it. */
  same(set: PatternSet): PatternSet {
    let hash = 0;
    for (const word of set) hash = (Math.imul(hash, 31) + word) | 0;
    const known = this.#reckoned.get(hash);
    if (known && isEqual(known, set)) return known;
    if (this.#reckoned.size === MOST_SETS) this.#reckoned.clear();
    this.#reckoned.set(hash, set);
    return set;
  }

  patterns(set: PatternSet): readonly string[] {
    if (this.#named !== set) {
      const names: string[] = [];
      for (let at = 0; at < set.length; at++)
        for (let word = set[at]!; word !== 0; word &= word - 1)
          names.push(this.#patterns[at * 32 + 31 - Math.clz32(word & -word)]!);
      this.#named = set;
      this.#names = names;
    }
    return this.#names;
  }

  #give(pattern: string): number {
    const number = this.#free.pop() ?? this.#patterns.length;
    this.#numbers.set(pattern, number);
    this.#patterns[number] = pattern;
    return number;
  }

  /** Only those in `set` are needed any more. */
  keep(set: PatternSet): void {
    this.#named = NO_PATTERNS;
    this.#names = [];
    this.#sets = new WeakMap();
    this.#reckoned.clear();
    for (const [pattern, number] of this.#numbers) {
      if (has(set, number)) continue;
      this.#numbers.delete(pattern);
      this.#patterns[number] = undefined;
    }
    this.#patterns.length = set.length * 32;
    this.#free = [];
    for (let number = this.#patterns.length - 1; number >= 0; number--)
      if (this.#patterns[number] === undefined) this.#free.push(number);
  }
}

function setOf(numbers: readonly number[]): PatternSet {
  let most = -1;
  for (const number of numbers) if (number > most) most = number;
  if (most < 0) return NO_PATTERNS;
  const set = new Uint32Array((most >>> 5) + 1);
  for (const number of numbers) set[number >>> 5]! |= 1 << (number & 31);
  return set;
}

export const has = (set: PatternSet, number: number): boolean =>
  ((set[number >>> 5] ?? 0) & (1 << (number & 31))) !== 0;

export function isEqual(one: PatternSet, other: PatternSet): boolean {
  if (one === other) return true;
  return one.length === other.length && one.every((word, at) => word === other[at]);
}

/** Whether all of `part` is in `whole`. */
export function includes(whole: PatternSet, part: PatternSet): boolean {
  return part === whole || (part.length <= whole.length && part.every((word, at) => (word & ~whole[at]!) === 0));
}

/** What is in either; one of the two where that says it. */
export function union(one: PatternSet, other: PatternSet): PatternSet {
  if (includes(one, other)) return one;
  if (includes(other, one)) return other;
  const [longer, shorter] = one.length > other.length ? [one, other] : [other, one];
  return longer.map((word, at) => word | (shorter[at] ?? 0));
}

/** What is in both; one of the two where that says it. */
export function both(one: PatternSet, other: PatternSet): PatternSet {
  if (includes(other, one)) return one;
  if (includes(one, other)) return other;
  return trimmed(one.map((word, at) => word & (other[at] ?? 0)));
}

/** What is in `set` and not in `other`. */
export function without(set: PatternSet, other: PatternSet): PatternSet {
  if (set.length === 0 || other.length === 0) return set;
  if (includes(other, set)) return NO_PATTERNS;
  return trimmed(set.map((word, at) => word & ~(other[at] ?? 0)));
}

function trimmed(set: PatternSet): PatternSet {
  let length = set.length;
  while (length > 0 && set[length - 1] === 0) length--;
  return length === 0 ? NO_PATTERNS : length === set.length ? set : set.slice(0, length);
}
