/** Which of many patterns match a topic, without looking at all of them: by name where there is no wildcard, else by segments. */
import { matches } from "./topic-pattern.ts";

/** A branch takes a hundred times a segment's two bytes: of longer patterns the rest is compared, one by one. */
const INDEXED_SEGMENTS = 8;

interface Branch<V> {
  /** By the next segment: a literal, `*` or `**`. */
  readonly next: Map<string, Branch<V>>;
  /** Of the pattern that ends here. */
  values: Set<V> | undefined;
  /** Of patterns that go on from here, by the whole pattern. */
  longer: Map<string, Set<V>> | undefined;
}

const branch = <V>(): Branch<V> => ({ next: new Map(), values: undefined, longer: undefined });

/** Values under patterns. Matching costs what the topic's own segments cost, however many patterns there are. */
export class PatternIndex<V> {
  readonly #exact = new Map<string, Set<V>>();
  readonly #root: Branch<V> = branch();

  /** @param pattern A sound one (`topic-pattern.ts`). */
  add(pattern: string, value: V): void {
    this.#valuesOf(pattern).add(value);
  }

  delete(pattern: string, value: V): void {
    if (pattern.includes("*")) prune(this.#root, pattern, pattern.split("/"), 0, value);
    else take(this.#exact, pattern, value);
  }

  /** The values of every pattern that matches `topic`; one added under several comes several times. */
  *match(topic: string): Generator<V> {
    yield* this.#exact.get(topic) ?? [];
    if (this.#root.next.size === 0) return;
    // All places in the tree where the segments so far may have led to.
    let places = new Set([this.#root]);
    /** Where longer patterns go on; a `**` can lead to the same place more than once. */
    const passed = new Set<Branch<V>>();
    const pass = (): void => {
      for (const place of places) if (place.longer) passed.add(place);
    };
    if (!topic.startsWith("$")) spread(places);
    pass();
    for (const [at, segment] of topic.split("/").entries()) {
      const reached = new Set<Branch<V>>();
      for (const place of places) {
        const literal = place.next.get(segment);
        if (literal) reached.add(literal);
        // A reserved first segment is not matched by wildcards.
        if (at === 0 && topic.startsWith("$")) continue;
        const one = place.next.get("*");
        if (one) reached.add(one);
        if (place === place.next.get("**")) reached.add(place);
      }
      places = spread(reached);
      pass();
      if (places.size === 0) break;
    }
    for (const { values } of places) if (values) yield* values;
    for (const { longer } of passed)
      for (const [pattern, values] of longer!) if (matches(pattern, topic)) yield* values;
  }

  #valuesOf(pattern: string): Set<V> {
    if (!pattern.includes("*")) return valuesIn(this.#exact, pattern);
    let place = this.#root;
    const segments = pattern.split("/");
    for (const segment of segments.slice(0, INDEXED_SEGMENTS)) {
      let next = place.next.get(segment);
      if (!next) {
        next = branch();
        // `**` may go on with itself: that it matches one more segment is a way back to where it stands.
        if (segment === "**") next.next.set("**", next);
        place.next.set(segment, next);
      }
      place = next;
    }
    if (segments.length > INDEXED_SEGMENTS) return valuesIn((place.longer ??= new Map()), pattern);
    place.values ??= new Set();
    return place.values;
  }
}

function valuesIn<V>(byPattern: Map<string, Set<V>>, pattern: string): Set<V> {
  let values = byPattern.get(pattern);
  if (!values) byPattern.set(pattern, (values = new Set()));
  return values;
}

function take<V>(byPattern: Map<string, Set<V>>, pattern: string, value: V): void {
  const values = byPattern.get(pattern);
  if (values?.delete(value) && values.size === 0) byPattern.delete(pattern);
}

/** A `**` may match nothing at all: where it leads to is reached as soon as it is. */
function spread<V>(places: Set<Branch<V>>): Set<Branch<V>> {
  // A set that grows while it is walked is walked to its end.
  for (const place of places) {
    const many = place.next.get("**");
    if (many) places.add(many);
  }
  return places;
}

/** @returns Whether nothing is left of `place`. */
function prune<V>(place: Branch<V>, pattern: string, segments: readonly string[], at: number, value: V): boolean {
  const segment = segments[at];
  if (segment === undefined) {
    place.values?.delete(value);
    if (place.values?.size === 0) place.values = undefined;
  } else if (at === INDEXED_SEGMENTS) {
    if (place.longer) take(place.longer, pattern, value);
    if (place.longer?.size === 0) place.longer = undefined;
  } else {
    const next = place.next.get(segment);
    if (next && prune(next, pattern, segments, at + 1, value)) place.next.delete(segment);
  }
  const onlyItself = place.next.size === 0 || (place.next.size === 1 && place.next.get("**") === place);
  return place.values === undefined && place.longer === undefined && onlyItself;
}
