/** Publishing and subscribing: the user's side of topics. */

import { checkFlag, checkOptions, show } from "../base/check-options.ts";
import type { Clock } from "../base/clock.ts";
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import { plainBytes } from "../base/plain-bytes.ts";
import type { AbortSignalLike } from "../base/platform.ts";
import { checkPattern, checkTopic, matches } from "../base/topic-pattern.ts";
import type { OfflinePolicy } from "../delivery/index.ts";
import { encodePayload, encodeShared, type Reliability } from "../wire/index.ts";
import type { Headers } from "./message.ts";
import { areSentArgs, type SentArgs, SentMessage } from "./sent-message.ts";
import { type MessageHandler, type SubscribeOptions, Subscription, type SubscriptionHost } from "./subscription.ts";

export interface PublishOptions {
  /** `"reliable"` arrives or is told as a `gap`; `"volatile"` may be dropped on the way, told as a `drop`. Default `"reliable"`. */
  readonly reliability?: Reliability;
  /** Travel beside the data, at most 64 KiB encoded. Default none. */
  readonly headers?: Headers;
  /**
   * What becomes of it while this node has no edge; a topic should say the same each time. Default `"queue"`, and `"drop"`
   * for what is volatile.
   */
  readonly offline?: OfflinePolicy;
  /** Hand a `Uint8Array` over instead of having it copied: it must not be modified afterwards. Default `false`. */
  readonly transfer?: boolean;
}

export interface StreamerHost extends Omit<SubscriptionHost, "onClose"> {
  readonly clock: Clock;
  /** Largest payload this node may publish, in bytes. */
  readonly messageBytes: number;
  /** The set of patterns subscribed to has changed. */
  onPatternsChanged(): void;
}

export interface SendOptions {
  /** Travel beside the data, at most 64 KiB encoded. Default none. */
  readonly headers?: Headers;
  /** Until the other node holds it, in ms, 1 to 3 600 000. Default: as long as it can be hoped for. */
  readonly timeoutMs?: number;
  /** Gives up; rejects with the signal's reason. */
  readonly signal?: AbortSignalLike;
}

const DONE = Promise.resolve();
/** After this many bytes published without a pause, `publish` waits for one, so that edges can write. */
const PAUSE_AFTER_BYTES = 256 * 1024;
const PUBLISH_OPTIONS = ["reliability", "headers", "offline", "transfer"] as const;
const SUBSCRIBE_OPTIONS = ["capacity", "overflow", "echo"] as const;
const EMPTY: PublishOptions = Object.freeze({});

export class Streamer {
  readonly #host: StreamerHost;
  readonly #subscriptions = new Set<Pick<Subscription, "pattern" | "close" | "hears" | "onSent">>();
  /** Patterns of subscriptions that are ready: what the directory may list. */
  readonly #listed = new Set<{ readonly pattern: string; close(): void }>();
  /** Topics published to before; their syntax need not be checked again. */
  readonly #checked = new Set<string>();
  /** The topic checked last. NaN equals nothing, not even what a wrong call may pass. */
  #lastTopic: string | number = Number.NaN;
  #unpausedBytes = 0;
  /** Messages sent to others so far. */
  #sent = 0;
  /** Bytes of messages that were sent to this node alone and wait to be read, by sender, and all together. */
  readonly #unread = new Map<NodeId, number>();
  #unreadBytes = 0;
  #pause: Promise<void> | undefined;

  constructor(host: StreamerHost) {
    this.#host = host;
  }

  /** Patterns to list in the directory: only active subscriptions, so who is listed is also reached. */
  get patterns(): readonly string[] {
    return [...new Set([...this.#listed].map((subscription) => subscription.pattern))];
  }

  publish(topic: string, data: unknown, options: PublishOptions = EMPTY): Promise<void> {
    if (topic !== this.#lastTopic) this.#check(topic);
    if (options !== EMPTY) checkPublishOptions(options);
    const { reliability = "reliable", headers, offline, transfer } = options;
    const raw = data instanceof Uint8Array;
    const encodedHeaders = encodeHeaders(headers);
    let payload = raw ? plainBytes(data) : encodeShared(data);
    if (payload.length > this.#host.messageBytes) {
      throw new MeshError(
        "too-large",
        `data of ${payload.length} bytes on "${topic}", more than the ${this.#host.messageBytes} allowed; send it in parts`,
      );
    }
    if (payload.length >= LIMITS.logViewBytes && !(raw && transfer)) payload = payload.slice();
    this.#host.feeds.publish(topic, reliability, raw, encodedHeaders, payload, offline);
    this.#unpausedBytes += payload.length + 64;
    return this.#unpausedBytes > PAUSE_AFTER_BYTES ? this.#pausing() : DONE;
  }

  subscribe<T>(pattern: string, options: SubscribeOptions = {}, handler?: MessageHandler<T>): Subscription<T> {
    checkPattern(pattern);
    checkOptions("subscribe", options, SUBSCRIBE_OPTIONS);
    const { capacity, overflow, echo } = options;
    if (capacity !== undefined && !(Number.isSafeInteger(capacity) && capacity >= 1))
      throw new RangeError(`capacity must be a whole number of at least 1, got ${show(capacity)}`);
    if (overflow !== undefined && overflow !== "drop-oldest" && overflow !== "drop-newest") {
      throw new TypeError(`overflow must be "drop-oldest" or "drop-newest", got ${show(overflow)}`);
    }
    checkFlag("echo", echo);
    if (handler !== undefined && typeof handler !== "function")
      throw new TypeError(`the handler of a subscription must be a function, got ${show(handler)}`);
    const onClose = (): void => {
      this.#subscriptions.delete(subscription);
      if (this.#listed.delete(subscription)) this.#host.onPatternsChanged();
    };
    const subscription = new Subscription<T>({ ...this.#host, onClose }, pattern, options, handler);
    this.#subscriptions.add(subscription);
    void subscription.ready.then(() => {
      if (!this.#subscriptions.has(subscription)) return;
      this.#listed.add(subscription);
      this.#host.onPatternsChanged();
    });
    return subscription;
  }

  /** What is to travel of a message to one node. @throws {TypeError | RangeError} */
  sendArgs(topic: string, data: unknown, headers: Headers | undefined): SentArgs {
    checkTopic(topic);
    if (headers !== undefined) checkHeaders(headers);
    const raw = data instanceof Uint8Array;
    const payload = raw ? plainBytes(data) : encodePayload(data);
    return [++this.#sent, this.#host.clock.wallNow(), raw, encodeHeaders(headers) ?? null, payload];
  }

  /** A message came for this node alone. @returns Why nobody gets it. */
  onSent(origin: NodeId, topic: string, args: readonly unknown[] | null): MeshError | undefined {
    if (!areSentArgs(topic, args)) return new MeshError("malformed-payload", "not a message that a node sends");
    const readers = [...this.#subscriptions].filter((reader) => matches(reader.pattern, topic) && reader.hears(origin));
    if (readers.length === 0)
      return new MeshError("no-responder", `node ${this.#host.self} has no subscription that "${topic}" matches`);
    const sent = new SentMessage(origin, topic, args, (read) => this.#count(origin, -read.byteLength));
    const unread = this.#unread.get(origin) ?? 0;
    const isTooMuch = unread > 0 && unread + sent.byteLength > LIMITS.sentUnreadBytes;
    if (isTooMuch || this.#unreadBytes + sent.byteLength > LIMITS.sentUnreadBytesOfAll)
      return new MeshError("overflow", `${unread} bytes that were sent to node ${this.#host.self} wait there unread`);
    this.#count(origin, sent.byteLength);
    for (const reader of readers) reader.onSent(sent);
    return undefined;
  }

  #count(origin: NodeId, byteLength: number): void {
    const unread = (this.#unread.get(origin) ?? 0) + byteLength;
    this.#unreadBytes += byteLength;
    if (unread > 0) this.#unread.set(origin, unread);
    else this.#unread.delete(origin);
  }

  close(): void {
    for (const subscription of [...this.#subscriptions]) subscription.close();
  }

  #check(topic: string): void {
    if (!this.#checked.has(topic)) checkTopic(topic);
    this.#lastTopic = topic;
    if (this.#checked.size >= 10_000) this.#checked.clear();
    this.#checked.add(topic);
  }

  #pausing(): Promise<void> {
    this.#pause ??= new Promise((resolve) => {
      this.#host.clock.soon(() => {
        this.#unpausedBytes = 0;
        this.#pause = undefined;
        resolve();
      });
    });
    return this.#pause;
  }
}

/** @throws {TypeError} */
function checkPublishOptions(options: PublishOptions): void {
  checkOptions("publish", options, PUBLISH_OPTIONS);
  const { reliability, headers, offline, transfer } = options;
  if (reliability !== undefined && reliability !== "reliable" && reliability !== "volatile")
    throw new TypeError(`reliability must be "reliable" or "volatile", got ${show(reliability)}`);
  if (offline !== undefined && offline !== "queue" && offline !== "latest" && offline !== "drop")
    throw new TypeError(`offline must be "queue", "latest" or "drop", got ${show(offline)}`);
  checkFlag("transfer", transfer);
  if (headers !== undefined) checkHeaders(headers);
}

/** @throws {RangeError} */
function encodeHeaders(headers: Headers | undefined): Uint8Array | undefined {
  if (headers === undefined) return undefined;
  const encoded = encodePayload(headers);
  if (encoded.byteLength > LIMITS.headerBytes)
    throw new RangeError(`headers must encode to at most ${LIMITS.headerBytes} bytes, got ${encoded.byteLength}`);
  return encoded;
}

/** @throws {TypeError} */
function checkHeaders(headers: unknown): void {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers))
    throw new TypeError(`headers must be an object, got ${show(headers)}`);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== null && !["string", "number", "boolean"].includes(typeof value))
      throw new TypeError(`headers must hold texts, numbers, booleans and null, got ${show(value)} as "${name}"`);
  }
}
