/**
 * The oracle of the delivery contract (section 6 of the design): it knows all that was published and hears what each
 * subscription hears, in order, and says what of it breaks the promise. It knows nothing of how the mesh works.
 */
import type { Reliability } from "../index.ts";
import type { Drop, Gap, Message } from "../streamer/index.ts";

/** What one origin has published on one topic: the payload of number 1, 2, ... */
interface Stream {
  readonly origin: string;
  readonly topic: string;
  readonly reliability: Reliability;
  readonly payloads: Uint8Array[];
}

/** All that was published. A topic has one reliability, so origin and topic name a stream. */
export class Ledger {
  readonly #streams = new Map<string, Stream>();
  /** Origins whose messages nobody is owed any more: they crashed. */
  readonly crashed = new Set<string>();

  note(origin: string, topic: string, reliability: Reliability, payload: Uint8Array): void {
    const key = keyOf(origin, topic);
    let stream = this.#streams.get(key);
    if (!stream) this.#streams.set(key, (stream = { origin, topic, reliability, payloads: [] }));
    stream.payloads.push(payload);
  }

  of(origin: string, topic: string): Stream | undefined {
    return this.#streams.get(keyOf(origin, topic));
  }

  /** The last number of each stream. */
  heads(): ReadonlyMap<string, number> {
    return new Map([...this.#streams].map(([key, { payloads }]) => [key, payloads.length]));
  }

  streams(): Iterable<readonly [string, Stream]> {
    return this.#streams;
  }
}

function keyOf(origin: string, topic: string): string {
  return `${origin} ${topic}`;
}

/** What one subscription has heard of one stream. */
interface Heard {
  /** The first number it heard of, delivered or lost. */
  readonly first: number;
  /** Everything below is accounted for. */
  next: number;
  delivered: number;
  lost: number;
  dropped: number;
  /** Passed over without a word, so far: drops have to make up for it. */
  skipped: number;
  /** The hole that the next message has to tell of. */
  hole: Pick<Gap, "from" | "to"> | undefined;
  /** It was told that the origin is lost, and nothing has come since. */
  over: boolean;
}

/** What may be missing where. */
export interface Allowed {
  /** Its own `capacity` may drop. */
  readonly drops: boolean;
  /** What waits unread may leave the log. */
  readonly slow: boolean;
  /** Whether the mesh may have forgotten something of the origin. */
  forgotten(origin: string): boolean;
  /** Enough time has passed in the end for everybody to know of every crash. */
  readonly crashesAreKnown: boolean;
  /** Whether the origin may have been given up for lost. */
  lost(origin: string): boolean;
}

/** Judges one subscription. */
export class Witness {
  readonly #name: string;
  readonly #pattern: string;
  readonly #ledger: Ledger;
  readonly #allowed: Allowed;
  readonly #violations: string[];
  readonly #heard = new Map<string, Heard>();
  /** The heads when it became ready, of origins it could reach then: everything after them is owed. */
  #owedAfter: ReadonlyMap<string, number> | undefined;
  #reachable: ReadonlySet<string> = new Set();
  delivered = 0;
  gaps = 0;
  drops = 0;

  constructor(name: string, pattern: string, ledger: Ledger, allowed: Allowed, violations: string[]) {
    this.#name = name;
    this.#pattern = pattern;
    this.#ledger = ledger;
    this.#allowed = allowed;
    this.#violations = violations;
  }

  onReady(reachable: ReadonlySet<string>, heads: ReadonlyMap<string, number>): void {
    this.#owedAfter = heads;
    this.#reachable = reachable;
  }

  onMessage({ origin, topic, seq, data, gap }: Message): void {
    this.delivered++;
    const stream = this.#ledger.of(origin, topic);
    const payload = stream?.payloads[seq - 1];
    if (!stream || !payload) return this.#say(`got number ${seq} of ${origin} ${topic}, which was never published`);
    if (!isSame(data, payload)) this.#say(`number ${seq} of ${origin} ${topic} is not what was published`);
    const heard = this.#hear(origin, topic, seq);
    this.#step(heard, stream, seq, `got number ${seq}`);
    const { hole } = heard;
    heard.hole = undefined;
    if (gap?.from !== hole?.from || gap?.to !== hole?.to)
      this.#say(`number ${seq} of ${origin} ${topic} tells of ${range(gap)}, after ${range(hole)}`);
    heard.over = false;
    heard.delivered++;
    heard.next = seq + 1;
  }

  onGap({ origin, topic, from, to, reason }: Gap): void {
    this.gaps++;
    const stream = this.#ledger.of(origin, topic);
    const what = `${reason} ${range({ from, to })} of ${origin} ${topic}`;
    if (!stream || to < from || (Number.isFinite(to) && to > stream.payloads.length))
      return this.#say(`${what}, which was never published`);
    if (stream.reliability === "volatile") return this.#say(`${what}, a volatile topic`);
    const heard = this.#hear(origin, topic, from);
    this.#step(heard, stream, from, `heard that ${what} is lost`);
    heard.hole = { from: heard.hole?.to === from - 1 ? heard.hole.from : from, to };
    if (reason === "origin-lost") {
      if (!this.#ledger.crashed.has(origin) && !this.#allowed.lost(origin)) this.#say(`${what}, but it lives`);
      if (Number.isFinite(to)) this.#say(`${what} has an end`);
      heard.over = true;
      heard.next = from; // where it goes on, should it come back
      return;
    }
    // Of an origin that has crashed there is what others hold.
    const mayBeForgotten = this.#ledger.crashed.has(origin) || this.#allowed.forgotten(origin);
    const isAllowed = reason === "forgotten" ? mayBeForgotten : reason === "too-slow" && this.#allowed.slow;
    if (!isAllowed) this.#say(`${what}, but somebody holds it`);
    heard.lost += to - from + 1;
    heard.next = to + 1;
  }

  onDrop({ origin, topic, count }: Drop): void {
    this.drops += count;
    const stream = this.#ledger.of(origin, topic);
    if (!stream || count < 1) return this.#say(`${count} dropped of ${origin} ${topic}`);
    if (stream.reliability === "reliable" && !this.#allowed.drops) this.#say(`${count} dropped of ${origin} ${topic}`);
    const heard = this.#heard.get(keyOf(origin, topic));
    if (heard) heard.dropped += count;
    else this.#heard.set(keyOf(origin, topic), { ...nothing(1), dropped: count });
  }

  /** When everything has healed and settled. */
  judge(): void {
    if (!this.#owedAfter) this.#say("never ready");
    const wanted = onPaper(this.#pattern);
    for (const [key, stream] of this.#ledger.streams()) {
      const { origin, topic, payloads, reliability } = stream;
      const heard = this.#heard.get(key);
      if (this.#ledger.crashed.has(origin)) {
        if (this.#allowed.crashesAreKnown && reliability === "reliable" && heard?.over === false)
          this.#say(`${key} has ended without a word`);
        continue;
      }
      if (!wanted.test(topic)) continue;
      const head = payloads.length;
      const mayDrop = reliability === "volatile" || this.#allowed.drops;
      if (heard) {
        const { delivered, lost, dropped, skipped, next } = heard;
        if (skipped > dropped) this.#say(`${skipped} of ${key} passed over, ${dropped} told as dropped`);
        if (delivered + lost + dropped > head)
          this.#say(`${delivered} delivered, ${lost} lost, ${dropped} dropped of ${key}, which has ${head}`);
        const unheard = head - next + 1 - (mayDrop ? dropped - skipped : 0);
        // Of a stream of which only drops were heard nobody knows where it began.
        if (delivered + lost > 0 && unheard > 0) this.#say(`${key} ends at ${next - 1} of ${head}`);
      }
      // Origins out of reach when it became ready count from ATTACHED on, which nobody outside can see; and for those that
      // were given up and came back it begins anew with whatever it had heard nothing of.
      if (!this.#owedAfter || !this.#reachable.has(origin) || mayDrop || this.#allowed.lost(origin)) continue;
      const owedFrom = (this.#owedAfter.get(key) ?? 0) + 1;
      if (heard && heard.first > owedFrom) this.#say(`${key} begins at ${heard.first}, owed from ${owedFrom}`);
      if (!heard && head >= owedFrom) this.#say(`nothing of ${key}, owed ${owedFrom} to ${head}`);
    }
  }

  #hear(origin: string, topic: string, first: number): Heard {
    const key = keyOf(origin, topic);
    let heard = this.#heard.get(key);
    if (!heard) this.#heard.set(key, (heard = nothing(first)));
    return heard;
  }

  #step(heard: Heard, { origin, topic, reliability }: Stream, seq: number, what: string): void {
    const mayDrop = reliability === "volatile" || this.#allowed.drops;
    if (seq < heard.next || (seq > heard.next && !mayDrop))
      this.#say(`expected number ${heard.next} of ${origin} ${topic}, ${what}`);
    // What was dropped before the first one came may have begun anywhere.
    else if (heard.delivered + heard.lost > 0) heard.skipped += seq - heard.next;
  }

  #say(what: string): void {
    this.#violations.push(`${this.#name} ${this.#pattern}: ${what}`);
  }
}

function nothing(first: number): Heard {
  return { first, next: first, delivered: 0, lost: 0, dropped: 0, skipped: 0, hole: undefined, over: false };
}

function range(gap: Pick<Gap, "from" | "to"> | undefined): string {
  return gap ? `${gap.from}-${gap.to}` : "no gap";
}

function isSame(data: unknown, payload: Uint8Array): boolean {
  if (!(data instanceof Uint8Array) || data.length !== payload.length) return false;
  for (let at = 0; at < payload.length; at++) if (data[at] !== payload[at]) return false;
  return true;
}

/** What a pattern matches, as one would write it on paper. */
function onPaper(pattern: string): RegExp {
  const source = pattern
    .split("/")
    .map((segment) => (segment === "**" ? "(?:[^/]+(?:/[^/]+)*)?" : segment === "*" ? "[^/]+" : segment));
  return new RegExp(`^${source.join("/")}$`);
}
