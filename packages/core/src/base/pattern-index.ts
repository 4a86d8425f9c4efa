/** Which of many patterns match a topic, without looking at all of them: by name where there is no wildcard, else by segments. */

interface Branch<V> {
  /** By the next segment: a literal, `*` or `**`. */
  readonly next: Map<string, Branch<V>>;
  values: Set<V> | undefined;
}

const branch = <V>(): Branch<V> => ({ next: new Map(), values: undefined });

/** Values under patterns. Matching costs what the topic's own segments cost, however many patterns there are. */
export class PatternIndex<V> {
  readonly #exact = new Map<string, Set<V>>();
  readonly #root: Branch<V> = branch();

  /** @param pattern A sound one (`topic-pattern.ts`). */
  add(pattern: string, value: V): void {
    this.#valuesOf(pattern).add(value);
  }

  delete(pattern: string, value: V): void {
    if (pattern.includes("*")) prune(this.#root, pattern.split("/"), 0, value);
    else {
      const values = this.#exact.get(pattern);
      if (values?.delete(value) && values.size === 0) this.#exact.delete(pattern);
    }
  }

  /** The values of every pattern that matches `topic`; one added under several comes several times. */
  *match(topic: string): Generator<V> {
    yield* this.#exact.get(topic) ?? [];
    if (this.#root.next.size === 0) return;
    // All places in the tree where the segments so far may have led to.
    let places = new Set([this.#root]);
    if (!topic.startsWith("$")) spread(places);
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
      if (places.size === 0) return;
    }
    for (const { values } of places) if (values) yield* values;
  }

  #valuesOf(pattern: string): Set<V> {
    if (!pattern.includes("*")) {
      let values = this.#exact.get(pattern);
      if (!values) this.#exact.set(pattern, (values = new Set()));
      return values;
    }
    let place = this.#root;
    for (const segment of pattern.split("/")) {
      let next = place.next.get(segment);
      if (!next) {
        next = branch();
        // `**` may go on with itself: that it matches one more segment is a way back to where it stands.
        if (segment === "**") next.next.set("**", next);
        place.next.set(segment, next);
      }
      place = next;
    }
    place.values ??= new Set();
    return place.values;
  }
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
function prune<V>(place: Branch<V>, segments: readonly string[], at: number, value: V): boolean {
  const segment = segments[at];
  if (segment === undefined) {
    place.values?.delete(value);
    if (place.values?.size === 0) place.values = undefined;
  } else {
    const next = place.next.get(segment);
    if (next && prune(next, segments, at + 1, value)) place.next.delete(segment);
  }
  const onlyItself = place.next.size === 0 || (place.next.size === 1 && place.next.get("**") === place);
  return place.values === undefined && onlyItself;
}
