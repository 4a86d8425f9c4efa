/**
 * A subscription: where messages for one reader wait. It holds numbers, not messages: data stays in the node's log
 * until it is read, so what a slow reader costs is bounded by the log, and what has left the log is a gap.
 */
import type { Clock } from "../base/clock.ts";
import { copyOf } from "../base/copy-of.ts";
import { Emitter, type ListenerOptions } from "../base/emitter.ts";
import { MeshError } from "../base/errors.ts";
import type { Handle } from "../base/handle.ts";
import { dispose } from "../base/platform.ts";
import type { Flushable, Turn } from "../base/turn.ts";
import type { Feeds, Flow, Listener, LocalWant } from "../delivery/index.ts";
import {
  dataHeaders,
  dataIsRaw,
  dataPayloadFrom,
  dataPublishedAtMs,
  decodeBorrowed,
  decodePayload,
  type GapReason,
  readU32,
} from "../wire/index.ts";
import type { Drop, Gap, Headers, Message } from "./message.ts";
import { SentMessage } from "./sent-message.ts";

export interface SubscribeOptions {
  /** Most messages that wait unread, 1 or more. Default: as many as the log holds. */
  readonly capacity?: number;
  /** What goes when `capacity` is reached. Default `"drop-oldest"`. */
  readonly overflow?: "drop-oldest" | "drop-newest";
  /** `false` leaves out what this very node publishes. Default `true`. */
  readonly echo?: boolean;
}

export interface SubscriptionEvents {
  /** The mesh could not deliver a range. */
  gap: Gap;
  /** A policy removed messages. */
  drop: Drop;
}

/**
 * Gets one message at a time: the next one comes when the promise it returned has settled. What it throws is an `error`
 * event of the node, and the message counts as handled.
 */
export type MessageHandler<T> = (message: Message<T>) => void | Promise<void>;

export interface SubscriptionHost {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly feeds: Feeds;
  readonly self: string;
  /** What went wrong at this subscription: a handler that threw, a payload that does not decode. */
  onError(error: MeshError | unknown): void;
  onClose(subscription: object): void;
}

/** What messages are of: a flow, whose log holds them, or one that was sent to this node alone. */
type Source = Flow | SentMessage;

/** Numbers of one flow that wait, `next` to `to`: messages, or what the mesh lost and the reader has not come to yet. */
interface Run {
  readonly flow: Source;
  next: number;
  to: number;
  /** Why they are lost; undefined for messages. */
  lost: GapReason | undefined;
}

const EVENTS = ["gap", "drop"] as const;
const NO_HEADERS: Headers = Object.freeze({});
/** Runs that may wait before those that are lost are put together. */
const COMPACT_RUNS = 64 * 1024;
/** Holes remembered for the message after them; beyond, the oldest were told by their event alone. */
const MAX_HOLES = 1_000;
/** A handler gives way to other work after this many messages. */
const BATCH = 4_096;

/**
 * Made by `node.subscribe`. It has one reader: its handler, or one `for await` loop, which closes it when left. Messages wait
 * from the call on; those published after `ready` arrive, or a `gap` event says which did not.
 */
export class Subscription<T = unknown> implements AsyncIterable<Message<T>>, Disposable, Listener, Flushable {
  readonly pattern: string;
  /**
   * Resolves when the subscription is active at every peer now known, a first join included; or when it is closed before.
   * Leaves are not waited for, since a page may be asleep: their gateways ask them a moment later. A leaf that is to be
   * heard from its first message on publishes after `waitForSubscribers`.
   */
  readonly ready: Promise<void>;
  /** Messages its own `overflow` discarded so far, and volatile ones that left the log unread. */
  dropped = 0;

  readonly #host: SubscriptionHost;
  readonly #options: SubscribeOptions;
  readonly #handler: MessageHandler<T> | undefined;
  readonly #events: Emitter<SubscriptionEvents>;
  readonly #want: LocalWant;
  #runs: Run[] = [];
  #firstRun = 0;
  #waiting = 0;
  /** Reported holes whose next message has not been read yet, by stream, oldest first. */
  readonly #holes = new Map<string, Gap>();
  /** When there are so many runs, those that are lost are put together. */
  #compactAt = COMPACT_RUNS;
  #ended = false;
  #iterated = false;
  #queued = false;
  #handling = false;
  /** What readers without a message wait for. */
  #arrival: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(
    host: SubscriptionHost,
    pattern: string,
    options: SubscribeOptions,
    handler: MessageHandler<T> | undefined,
  ) {
    this.#host = host;
    this.pattern = pattern;
    this.#options = options;
    this.#handler = handler;
    this.#events = new Emitter(EVENTS, (error) => host.onError(error));
    this.#want = host.feeds.want(pattern, this);
    this.ready = this.#want.ready;
  }

  /** Messages that wait to be read; what has left the log unread does not count. */
  get waiting(): number {
    let gone = 0;
    for (let i = this.#firstRun; i < this.#runs.length; i++) {
      const run = this.#runs[i]!;
      if (!run.lost) gone += Math.max(0, Math.min(run.to, run.flow.log.base) - run.next + 1);
    }
    return this.#waiting - gone;
  }

  on<Name extends keyof SubscriptionEvents>(
    name: Name,
    listener: (event: SubscriptionEvents[Name]) => void,
    options?: ListenerOptions,
  ): Handle {
    return this.#events.on(name, listener, options);
  }

  /** Accept no more. What waits is still read; then the loop ends. Idempotent. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#releaseSent();
    this.#host.feeds.unwant(this.#want);
    this.#host.onClose(this);
    this.#arrival?.resolve();
  }

  [dispose](): void {
    this.close();
  }

  /** @throws {TypeError} for a second reader, or where a handler reads already. */
  [Symbol.asyncIterator](): AsyncIterator<Message<T>, undefined> {
    if (this.#handler) throw new TypeError(`the subscription to "${this.pattern}" is read by its handler already`);
    if (this.#iterated)
      throw new TypeError(
        `the subscription to "${this.pattern}" has a reader already; subscribe once more for a second`,
      );
    this.#iterated = true;
    return {
      next: () => this.#next(),
      return: () => {
        this.close();
        this.#runs = [];
        this.#firstRun = 0;
        this.#waiting = 0;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** What waits here may be read still, but is not counted any more. */
  #releaseSent(): void {
    for (const { flow } of this.#runs.slice(this.#firstRun)) if (flow instanceof SentMessage) flow.release(this);
  }

  /** Whether what `origin` sends to this node alone is for this subscription, too. */
  hears(origin: string): boolean {
    return !this.#ended && (this.#options.echo !== false || origin !== this.#host.self);
  }

  /** One message came for this node alone. */
  onSent(sent: SentMessage): void {
    sent.heldBy(this);
    if (this.#options.capacity === undefined || this.#makesRoom(sent)) this.#add(sent, 1, 1);
    else sent.release(this);
  }

  // ---- from the feeds

  onMessages(flow: Flow, from: number, to: number): void {
    if (this.#ended || (this.#options.echo === false && flow.origin === this.#host.self)) return;
    if (this.#options.capacity === undefined) return this.#add(flow, from, to);
    for (let seq = from; seq <= to; seq++) if (this.#makesRoom(flow)) this.#add(flow, seq, seq);
  }

  #add(flow: Source, from: number, to: number): void {
    this.#waiting += to - from + 1; // before listeners may look: whoever makes room tells of what is lost
    const last = this.#runs[this.#runs.length - 1];
    if (last?.flow === flow && last.to === from - 1 && !last.lost && this.#runs.length > this.#firstRun) last.to = to;
    else this.#push({ flow, next: from, to, lost: undefined });
    this.#arrived();
  }

  /** Whether one more message of `flow` may wait; by the overflow chosen, it or the oldest is dropped. */
  #makesRoom(flow: Source): boolean {
    const capacity = this.#options.capacity!;
    if (this.#waiting >= capacity) this.#tellLost();
    if (this.#waiting >= capacity) {
      if (this.#options.overflow === "drop-newest") {
        this.#drop(flow, 1);
        return false;
      }
      this.#dropOldest();
    }
    return !this.#ended; // whoever heard of it may have closed the subscription
  }

  /** It is told in its place: when what came before it has been read. */
  onGap(flow: Flow, from: number, to: number, reason: GapReason): void {
    if (this.#ended) return;
    if (this.#firstRun === this.#runs.length) return this.#tell(flow, from, to, reason);
    this.#push({ flow, next: from, to, lost: reason });
    this.#arrived();
  }

  #push(run: Run): void {
    this.#runs.push(run);
    if (this.#runs.length >= this.#compactAt) this.#compact();
  }

  #arrived(): void {
    if (this.#handler) return this.#queue();
    this.#arrival?.resolve();
    this.#arrival = undefined;
  }

  onSkip(flow: Flow, from: number, to: number): void {
    this.#events.emit("drop", { topic: flow.topic, origin: flow.origin, count: to - from + 1 });
  }

  #drop({ topic, origin }: Source, count: number): void {
    this.dropped += count;
    this.#host.feeds.counters.drops += count;
    this.#events.emit("drop", { topic, origin, count });
  }

  /** The first run is of messages. */
  #dropOldest(): void {
    const run = this.#runs[this.#firstRun]!;
    run.next++;
    this.#waiting--;
    if (run.next > run.to) this.#shift();
    if (run.flow instanceof SentMessage) run.flow.release(this);
    this.#drop(run.flow, 1);
  }

  /**
   * What waits for a reader that never comes must not cost more than the log: what is lost and has nothing left to read
   * before it is told now, as if it came only now, and of the rest ranges are enough.
   */
  #compact(): void {
    this.#tellLost();
    this.#runs = merged(this.#runs.slice(this.#firstRun), false);
    this.#firstRun = 0;
    this.#compactAt = Math.max(COMPACT_RUNS, this.#runs.length * 2);
  }

  #shift(): void {
    this.#firstRun++;
    if (this.#firstRun === this.#runs.length) {
      this.#runs = [];
      this.#firstRun = 0;
    } else if (this.#firstRun > 1_024 && this.#firstRun * 2 > this.#runs.length) {
      this.#runs = this.#runs.slice(this.#firstRun);
      this.#firstRun = 0;
    }
  }

  // ---- holes

  /**
   * Tell of everything lost that the reader has come to: what the mesh said, and what has left the log unread. The latter
   * is no loss of a volatile flow, which drops the oldest anyhow.
   */
  #tellLost(): void {
    const lost: Run[] = [];
    for (let run = this.#runs[this.#firstRun]; run && isLost(run); run = this.#runs[this.#firstRun]) {
      const { flow, next } = run;
      const to = run.lost ? run.to : Math.min(run.to, flow.log.base);
      if (!run.lost) this.#waiting -= to - next + 1;
      lost.push({ flow, next, to, lost: run.lost ?? "too-slow" });
      if (to === run.to) this.#shift();
      else run.next = to + 1;
    }
    for (const { flow, next, to, lost: reason } of merged(lost, true)) {
      if (flow.reliability === "volatile") this.#drop(flow, to - next + 1);
      else this.#tell(flow, next, to, reason!);
    }
  }

  #tell(flow: Source, from: number, to: number, reason: GapReason): void {
    const { topic, origin, stream } = flow;
    const gap: Gap = { topic, origin, from, to, reason };
    const before = this.#holes.get(stream);
    this.#holes.delete(stream);
    this.#holes.set(stream, before?.to === from - 1 ? { ...gap, from: before.from } : gap);
    if (this.#holes.size > MAX_HOLES) this.#holes.delete(this.#holes.keys().next().value!);
    this.#host.feeds.counters.gaps++;
    this.#events.emit("gap", gap);
  }

  /** The hole that the message now read of `flow` is the first after. */
  #holeBefore({ stream }: Source): Gap | undefined {
    const hole = this.#holes.get(stream);
    if (hole) this.#holes.delete(stream);
    return hole;
  }

  // ---- reading

  /** The next message that is still held and decodes; undefined when none waits. */
  #take(): Message<T> | undefined {
    for (;;) {
      const run = this.#runs[this.#firstRun];
      if (!run) return undefined;
      if (isLost(run)) {
        this.#tellLost();
        continue;
      }
      const seq = run.next++;
      this.#waiting--;
      if (run.next > run.to) this.#shift();
      const { flow } = run;
      const message = flow instanceof SentMessage ? this.#readSent(flow) : this.#read(flow, seq);
      if (message) return message;
    }
  }

  #read(flow: Flow, seq: number): Message<T> | undefined {
    const found = this.#host.feeds.locate(flow, seq);
    if (!found) return undefined;
    const { bytes, at, view } = found;
    try {
      const length = readU32(bytes, at);
      const encodedHeaders = dataHeaders(bytes, at);
      const from = dataPayloadFrom(bytes, at, length);
      // Small data is the reader's own: it may keep or change it without touching the log.
      const data = (
        dataIsRaw(bytes, at)
          ? (view ?? copyOf(bytes, from, at + length))
          : view
            ? decodePayload(view)
            : decodeBorrowed(bytes.subarray(from, at + length))
      ) as T;
      const headers = encodedHeaders ? readHeaders(encodedHeaders) : NO_HEADERS;
      return {
        topic: flow.topic,
        data,
        origin: flow.origin,
        seq,
        publishedAt: dataPublishedAtMs(bytes, at),
        headers,
        gap: this.#holes.size > 0 ? this.#holeBefore(flow) : undefined,
      };
    } catch (cause) {
      this.#undecodable(flow, seq, cause);
      return undefined;
    }
  }

  #readSent(sent: SentMessage): Message<T> | undefined {
    const { topic, origin, seq, publishedAt, raw, headers, payload } = sent;
    sent.release(this);
    try {
      return {
        ...{ topic, origin, seq, publishedAt, gap: undefined },
        data: (raw ? copyOf(payload, 0, payload.byteLength) : decodeBorrowed(payload)) as T,
        headers: headers ? readHeaders(headers) : NO_HEADERS,
      };
    } catch (cause) {
      this.#undecodable(sent, seq, cause);
      return undefined;
    }
  }

  #undecodable(flow: Source, seq: number, cause: unknown): void {
    this.#tell(flow, seq, seq, "undecodable");
    const why = cause instanceof Error ? cause.message : String(cause);
    const what = `message ${seq} of "${flow.topic}" from ${flow.origin}`;
    this.#host.onError(new MeshError("malformed-payload", `${what} was dropped: ${why}`, { cause }));
  }

  async #next(): Promise<IteratorResult<Message<T>, undefined>> {
    for (;;) {
      const value = this.#take();
      if (value) return { done: false, value };
      if (this.#ended) return { done: true, value: undefined };
      if (!this.#arrival) {
        let resolve!: () => void;
        const promise = new Promise<void>((settle) => {
          resolve = settle;
        });
        this.#arrival = { promise, resolve };
      }
      await this.#arrival.promise;
    }
  }

  // ---- handing to a handler, one message at a time

  #queue(): void {
    if (this.#queued || this.#handling) return;
    this.#queued = true;
    this.#host.turn.read(this);
  }

  flush(): void {
    this.#queued = false;
    this.#handle();
  }

  #handle(): void {
    const handler = this.#handler!;
    for (let count = 0; count < BATCH; count++) {
      const message = this.#take();
      if (!message) return;
      let result: void | Promise<void>;
      try {
        result = handler(message);
      } catch (error) {
        this.#host.onError(error);
        continue;
      }
      if (result && typeof result.then === "function") {
        this.#handling = true;
        const done = (): void => {
          this.#handling = false;
          this.#queue();
        };
        result.then(done, (error: unknown) => {
          this.#host.onError(error);
          done();
        });
        return;
      }
    }
    this.#queue();
  }
}

/** Whether its first number is lost, because the mesh said so or because it has left the log unread. */
function isLost(run: Run): boolean {
  return run.lost !== undefined || run.next <= run.flow.log.base;
}

/** Lost runs of one flow that follow on one another are put together where the first of them stands. */
function merged(runs: readonly Run[], onlySameReason: boolean): Run[] {
  const kept: Run[] = [];
  const last = new Map<Source, Run>();
  for (const run of runs) {
    const isAllLost = run.lost !== undefined || run.to <= run.flow.log.base;
    const before = isAllLost ? last.get(run.flow) : undefined;
    const hasEnd = run.to < Number.POSITIVE_INFINITY;
    if (before?.to === run.next - 1 && (before.lost === run.lost || (!onlySameReason && hasEnd))) {
      // What was lost for other reasons was not heard of either, because the reader was too slow.
      if (before.lost !== run.lost) before.lost = "too-slow";
      before.to = run.to;
      continue;
    }
    if (isAllLost) last.set(run.flow, run);
    kept.push(run);
  }
  return kept;
}

/** @throws {MeshError} `malformed-payload` */
function readHeaders(encoded: Uint8Array): Headers {
  const headers = decodeBorrowed(encoded);
  if (typeof headers !== "object" || headers === null || Array.isArray(headers))
    throw new MeshError("malformed-payload", "its headers are no map");
  return headers as Headers;
}
