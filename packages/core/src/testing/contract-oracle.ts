/**
 * The oracle of the delivery contract (section 6 of the design): it knows all that was published and hears what each
 * subscription hears, in order, and says what of it breaks the promise. It knows nothing of how the mesh works.
 */
import type { Reliability } from "../index.ts";
import type { Drop, Gap, Message } from "../streamer/index.ts";

/** A node from its start to its end. One that crashed may come back under its id, in another life. */
export interface Life {
  readonly origin: string;
  /** It has ended: nobody is owed its messages any more. */
  crashed: boolean;
  /** It has said so to whom it could. */
  saidGoodbye?: boolean;
}

/** What one origin has published on one topic in one life: the payload of number 1, 2, ... */
interface Stream {
  readonly life: Life;
  readonly topic: string;
  readonly reliability: Reliability;
  readonly payloads: Uint8Array[];
  /** How many there were when all had settled: what was published afterwards is owed to every open subscription. */
  settled: number;
}

/** All that was published. A topic has one reliability, so life and topic name a stream. */
export class Ledger {
  /** By origin and topic, in the order of lives. */
  readonly #streams = new Map<string, Stream[]>();
  readonly #byPayload = new Map<number, Stream>();
  readonly #crashedOrigins = new Set<string>();

  /** @param payload Begins with a number of its own, by which its life is known. */
  note(life: Life, topic: string, reliability: Reliability, payload: Uint8Array): void {
    const key = keyOf(life.origin, topic);
    let streams = this.#streams.get(key);
    if (!streams) this.#streams.set(key, (streams = []));
    let stream = streams.find((each) => each.life === life);
    if (!stream) streams.push((stream = { life, topic, reliability, payloads: [], settled: 0 }));
    stream.payloads.push(payload);
    this.#byPayload.set(numberOf(payload), stream);
  }

  /** @param saidGoodbye It was closed; else it crashed. */
  onEnd(life: Life, saidGoodbye: boolean): void {
    life.crashed = true;
    life.saidGoodbye = saidGoodbye;
    this.#crashedOrigins.add(life.origin);
  }

  /** Everything has healed and settled. */
  onSettled(): void {
    for (const streams of this.#streams.values()) for (const stream of streams) stream.settled = stream.payloads.length;
  }

  /** Whether some life of `origin` has crashed. */
  hasCrashed(origin: string): boolean {
    return this.#crashedOrigins.has(origin);
  }

  /** The stream that a message with this payload belongs to. */
  streamOf(origin: string, topic: string, payload: unknown): Stream | undefined {
    if (!(payload instanceof Uint8Array) || payload.length < 4) return undefined;
    const stream = this.#byPayload.get(numberOf(payload));
    return stream?.life.origin === origin && stream.topic === topic ? stream : undefined;
  }

  /** Those of all its lives, oldest first. */
  streamsOf(origin: string, topic: string): readonly Stream[] {
    return this.#streams.get(keyOf(origin, topic)) ?? [];
  }

  /** The last number of each stream. */
  heads(): ReadonlyMap<Stream, number> {
    return new Map([...this.#streams.values()].flat().map((stream) => [stream, stream.payloads.length]));
  }

  /** Of each origin and topic, its lives oldest first. */
  all(): Iterable<readonly Stream[]> {
    return this.#streams.values();
  }
}

function keyOf(origin: string, topic: string): string {
  return `${origin} ${topic}`;
}

function numberOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

/** What one subscription has heard of one stream. */
interface Heard {
  /** The first number it heard of, delivered or lost. */
  readonly first: number;
  /** Everything below is accounted for. */
  next: number;
  delivered: number;
  lost: number;
  /** Passed over without a word, so far: drops have to make up for it. */
  skipped: number;
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
  readonly #heard = new Map<Stream, Heard>();
  /** The hole that the next message has to tell of, by origin and topic, whatever life it is of. */
  readonly #holes = new Map<string, Pick<Gap, "from" | "to">>();
  /** What was dropped, by origin and topic: nobody says of which life. */
  readonly #dropped = new Map<string, number>();
  /** The heads when it became ready, of origins it could reach then: everything after them is owed. */
  #owedAfter: ReadonlyMap<Stream, number> | undefined;
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

  onReady(reachable: ReadonlySet<string>, heads: ReadonlyMap<Stream, number>): void {
    this.#owedAfter = heads;
    this.#reachable = reachable;
  }

  onMessage({ origin, topic, seq, data, gap }: Message): void {
    this.delivered++;
    const stream = this.#ledger.streamOf(origin, topic, data);
    const payload = stream?.payloads[seq - 1];
    if (!stream || !payload) return this.#say(`got number ${seq} of ${origin} ${topic}, which was never published`);
    if (!isSame(data, payload)) this.#say(`number ${seq} of ${origin} ${topic} is not what was published`);
    const heard = this.#hear(stream, seq);
    this.#step(heard, stream, seq, `got number ${seq}`);
    const hole = this.#holes.get(keyOf(origin, topic));
    this.#holes.delete(keyOf(origin, topic));
    if (gap?.from !== hole?.from || gap?.to !== hole?.to)
      this.#say(`number ${seq} of ${origin} ${topic} tells of ${range(gap)}, after ${range(hole)}`);
    heard.over = false;
    heard.delivered++;
    heard.next = seq + 1;
  }

  onGap(gap: Gap): void {
    this.gaps++;
    const { origin, topic, from, to, reason } = gap;
    const stream = this.#toldOf(gap);
    const what = `${reason} ${range({ from, to })} of ${origin} ${topic}`;
    if (!stream || to < from || (Number.isFinite(to) && to > stream.payloads.length))
      return this.#say(`${what}, which was never published`);
    if (stream.reliability === "volatile") return this.#say(`${what}, a volatile topic`);
    const heard = this.#hear(stream, from);
    this.#step(heard, stream, from, `heard that ${what} is lost`);
    const before = this.#holes.get(keyOf(origin, topic));
    this.#holes.set(keyOf(origin, topic), { from: before?.to === from - 1 ? before.from : from, to });
    if (reason === "origin-lost") {
      if (!stream.life.crashed && !this.#allowed.lost(origin)) this.#say(`${what}, but it lives`);
      if (Number.isFinite(to)) this.#say(`${what} has an end`);
      heard.over = true;
      heard.next = from; // where it goes on, should it come back
      return;
    }
    // Of an origin that has crashed there is what others hold.
    const mayBeForgotten = stream.life.crashed || this.#allowed.forgotten(origin);
    const isAllowed = reason === "forgotten" ? mayBeForgotten : reason === "too-slow" && this.#allowed.slow;
    if (!isAllowed) this.#say(`${what}, but somebody holds it`);
    heard.over = false;
    heard.lost += to - from + 1;
    heard.next = to + 1;
  }

  onDrop({ origin, topic, count }: Drop): void {
    this.drops += count;
    const [stream] = this.#ledger.streamsOf(origin, topic);
    if (!stream || count < 1) return this.#say(`${count} dropped of ${origin} ${topic}`);
    if (stream.reliability === "reliable" && !this.#allowed.drops) this.#say(`${count} dropped of ${origin} ${topic}`);
    const key = keyOf(origin, topic);
    this.#dropped.set(key, (this.#dropped.get(key) ?? 0) + count);
  }

  /** When everything has healed and settled, and what was published then has come. */
  judge(): void {
    if (!this.#owedAfter) this.#say("never ready");
    const wanted = onPaper(this.#pattern);
    for (const streams of this.#ledger.all()) {
      this.#judgeDrops(streams);
      for (const stream of streams)
        if (stream.life.crashed) this.#judgeCrashed(stream);
        else if (wanted.test(stream.topic)) this.#judgeWhole(stream);
    }
  }

  #judgeDrops(streams: readonly Stream[]): void {
    const { key, dropped, skipped } = this.#passedOver(streams[0]!);
    if (skipped > dropped) this.#say(`${skipped} of ${key} passed over, ${dropped} told as dropped`);
    const [all, taken] = streams.reduce(
      ([heads, sum], stream) => {
        const heard = this.#heard.get(stream);
        return [heads + stream.payloads.length, sum + (heard?.delivered ?? 0) + (heard?.lost ?? 0)];
      },
      [0, 0],
    );
    if (taken + dropped > all) this.#say(`${taken} delivered or lost, ${dropped} dropped of ${key}, which has ${all}`);
  }

  /** In all lives of the stream's origin. */
  #passedOver({ life: { origin }, topic }: Stream): { key: string; dropped: number; skipped: number } {
    const key = keyOf(origin, topic);
    const lives = this.#ledger.streamsOf(origin, topic);
    const skipped = lives.reduce((sum, each) => sum + (this.#heard.get(each)?.skipped ?? 0), 0);
    return { key, dropped: this.#dropped.get(key) ?? 0, skipped };
  }

  #judgeCrashed(stream: Stream): void {
    const heard = this.#heard.get(stream);
    // A gap alone may have been another life's.
    const isOver = stream.life.saidGoodbye || !heard || heard.delivered === 0 || heard.over;
    if (this.#allowed.crashesAreKnown && stream.reliability === "reliable" && !isOver)
      this.#say(`${stream.life.origin} ${stream.topic} has ended without a word`);
  }

  #judgeWhole(stream: Stream): void {
    const { life, payloads, reliability, settled } = stream;
    const { origin } = life;
    const { key, dropped, skipped } = this.#passedOver(stream);
    const heard = this.#heard.get(stream);
    const head = payloads.length;
    const mayDrop = reliability === "volatile" || this.#allowed.drops;
    if (heard) {
      const unheard = head - heard.next + 1 - (mayDrop ? dropped - skipped : 0);
      // Of a stream of which only drops were heard nobody knows where it began.
      if (heard.delivered + heard.lost > 0 && unheard > 0) this.#say(`${key} ends at ${heard.next - 1} of ${head}`);
    }
    if (!this.#owedAfter || mayDrop) return;
    // Origins out of reach when it became ready count from ATTACHED on, which nobody outside can see, and so does another
    // life of one that was in reach; and for those that were given up and came back it begins anew with whatever it had
    // heard nothing of. In the end all of them are in reach.
    const isOwedAll = this.#reachable.has(origin) && !this.#ledger.hasCrashed(origin) && !this.#allowed.lost(origin);
    const owedFrom = (isOwedAll ? (this.#owedAfter.get(stream) ?? 0) : settled) + 1;
    if (heard && heard.first > owedFrom) this.#say(`${key} begins at ${heard.first}, owed from ${owedFrom}`);
    if (!heard && head >= owedFrom) this.#say(`nothing of ${key}, owed ${owedFrom} to ${head}`);
  }

  /** Gaps do not say of which life they tell: of the first that they go on with, or that could have them. */
  #toldOf({ origin, topic, from, to, reason }: Gap): Stream | undefined {
    const streams = this.#ledger.streamsOf(origin, topic);
    const possible = streams.filter(
      (stream) =>
        from <= stream.payloads.length + 1 && (to === Number.POSITIVE_INFINITY || to <= stream.payloads.length),
    );
    const crashed = possible.filter((stream) => stream.life.crashed);
    return (
      (reason === "origin-lost" ? (this.#firstToGoOn(crashed, from) ?? this.#overAgain(crashed, from)) : undefined) ??
      this.#firstToGoOn(possible, from) ??
      possible[0] ??
      streams[0]
    );
  }

  /** It was over, went on with what was dropped here, and is over once more. */
  #overAgain(streams: readonly Stream[], from: number): Stream | undefined {
    return streams.find((stream) => {
      const heard = this.#heard.get(stream);
      return this.#allowed.drops && heard?.over && heard.next < from;
    });
  }

  #firstToGoOn(streams: readonly Stream[], from: number): Stream | undefined {
    const isAt = (stream: Stream, fits: (next: number) => boolean): boolean => {
      const heard = this.#heard.get(stream);
      return heard?.over === false && fits(heard.next);
    };
    return (
      streams.find((stream) => isAt(stream, (next) => next === from)) ??
      // What lies between was dropped.
      (this.#allowed.drops ? streams.find((stream) => isAt(stream, (next) => next < from)) : undefined) ??
      // It was over, and something is told of what came after.
      streams.find((stream) => {
        const heard = this.#heard.get(stream);
        return stream.life.crashed && heard?.over && heard.next === from;
      }) ??
      streams.find((stream) => !this.#heard.has(stream))
    );
  }

  #hear(stream: Stream, first: number): Heard {
    let heard = this.#heard.get(stream);
    if (!heard) this.#heard.set(stream, (heard = nothing(first)));
    return heard;
  }

  #step(heard: Heard, { life, topic, reliability }: Stream, seq: number, what: string): void {
    const mayDrop = reliability === "volatile" || this.#allowed.drops;
    if (seq < heard.next || (seq > heard.next && !mayDrop))
      this.#say(`expected number ${heard.next} of ${life.origin} ${topic}, ${what}`);
    // What was dropped before the first one came may have begun anywhere.
    else if (heard.delivered + heard.lost > 0) heard.skipped += seq - heard.next;
  }

  #say(what: string): void {
    this.#violations.push(`${this.#name} ${this.#pattern}: ${what}`);
  }
}

function nothing(first: number): Heard {
  return { first, next: first, delivered: 0, lost: 0, skipped: 0, over: false };
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
