/**
 * The sending end of a pipe: messages that are not acknowledged yet, and which of them to send now. Pure: it takes the time
 * as an argument, and sends nothing. Everything is sent again from the oldest on (go-back-n), at first a little and then more
 * with every acknowledgement.
 */
import { MeshError, type MeshErrorCode } from "../../base/errors.ts";
import { LIMITS, TIMINGS } from "../../base/limits.ts";

/** Who sent a message and wants to hear when it is lost. */
export interface Sent {
  /** It was not acknowledged, and will not be. @param mayHaveArrived Whether it was sent at all. */
  onLost(code: MeshErrorCode, why: string, mayHaveArrived: boolean): void;
}

/** What is sent again at once after a loss; more follows with every acknowledgement. */
const BURST_BYTES = 64 * 1024;
/** Sent again alone, to see whether anything gets through. */
const ONE_MESSAGE = 1;
/** Two events at the same time make one burst. */
const BURST_PAUSE_MS = 50;
/** Places of messages that have left are kept up to so many in any case. */
const KEPT_PLACES = 64;

export class OutPipe {
  readonly number: number;
  /** Number of the oldest message held; those before it are acknowledged. */
  base = 1;
  /** Number of the message to send next; lower than `fresh` while something is sent again. */
  next = 1;
  /** The first number that has never been sent. */
  fresh = 1;
  /** Bytes of all messages held. */
  heldBytes = 0;
  /** No way leads there: nothing is sent before `dueMs`, or before something has changed. */
  blocked = false;
  /** When something has to be done if nothing happens: `tick`. */
  dueMs = Number.POSITIVE_INFINITY;
  /** When the last message was pushed, or acknowledged. */
  usedMs: number;
  /** Since when the oldest message has waited. */
  progressMs: number;
  #frames: (Uint8Array | undefined)[] = [];
  #senders: (Sent | undefined)[] = [];
  /** Where the message `base` stands. */
  #first = 0;
  /** Bytes sent and not acknowledged, as far as they have not been given up for lost. */
  #flightBytes = 0;
  #windowBytes: number = LIMITS.pipeWindowBytes;
  #smoothedMs = 0;
  #variationMs = 0;
  #timeoutMs: number = TIMINGS.pipeResendMinMs;
  /** How often it was doubled since something was acknowledged. */
  #doubled = 0;
  /** The message whose round trip is measured; 0 for none. */
  #timed = 0;
  #timedAtMs = 0;
  #againAtMs = Number.NEGATIVE_INFINITY;
  /** Something was sent more than once. */
  #isAgain = false;
  /** It is to be sent again at `dueMs`: an event came too soon after another. */
  #postponed = false;

  constructor(number: number, nowMs: number) {
    this.number = number;
    this.usedMs = nowMs;
    this.progressMs = nowMs;
  }

  /** Messages held. */
  get size(): number {
    return this.#frames.length - this.#first;
  }

  /** Whether there is something to send, should the window take it. */
  get waits(): boolean {
    return !this.blocked && this.next - this.base < this.size;
  }

  /** Nothing of it is acknowledged yet: a receiver that does not know it may begin with it. */
  get isOpening(): boolean {
    return this.base === 1;
  }

  /** Hold one more message. @throws {MeshError} `overflow` when too much waits already. */
  push(frame: Uint8Array, sender: Sent | undefined, nowMs: number): void {
    const bytes = this.heldBytes + frame.byteLength;
    if (this.size > 0 && (bytes > LIMITS.pipeQueueBytes || this.size >= LIMITS.pipeQueueMessages))
      throw new MeshError("overflow", `${this.size} messages with ${this.heldBytes} bytes wait for the node already`);
    if (this.size === 0) this.progressMs = nowMs;
    this.#frames.push(frame);
    this.#senders.push(sender);
    this.heldBytes = bytes;
    this.usedMs = nowMs;
  }

  /** Let go of a message that was never sent. @returns Whether there was one. */
  withdraw(sender: Sent): boolean {
    const at = this.#senders.indexOf(sender, this.#first + this.fresh - this.base);
    if (at < 0) return false;
    this.heldBytes -= this.#frames[at]!.byteLength;
    this.#frames.splice(at, 1);
    this.#senders.splice(at, 1);
    if (this.size > 0) return true;
    this.dueMs = Number.POSITIVE_INFINITY;
    this.blocked = false;
    return true;
  }

  /** The message to send now, which counts as sent; undefined when there is none, or the window is full. */
  take(nowMs: number): Uint8Array | undefined {
    const frame = this.#frames[this.#first + this.next - this.base];
    if (!frame || this.blocked) return undefined;
    const bytes = this.#flightBytes + frame.byteLength;
    if (this.#flightBytes > 0 && bytes > this.#windowBytes) return undefined;
    if (this.#flightBytes === 0) this.#wait(nowMs);
    this.#flightBytes = bytes;
    if (this.next++ < this.fresh) return frame;
    this.fresh = this.next;
    if (this.#timed === 0) {
      this.#timed = this.next - 1;
      this.#timedAtMs = nowMs;
    }
    return frame;
  }

  /** Everything up to `number` has come. @returns False for what was never sent: then nothing has happened. */
  acknowledged(number: number, nowMs: number): boolean {
    if (number >= this.fresh) return false;
    if (number < this.base) return true;
    for (; this.base <= number; this.base++) {
      const bytes = this.#frames[this.#first]!.byteLength;
      this.heldBytes -= bytes;
      if (this.base < this.next) this.#flightBytes -= bytes;
      this.#frames[this.#first] = undefined;
      this.#senders[this.#first++] = undefined;
      this.#windowBytes = Math.min(LIMITS.pipeWindowBytes, Math.max(this.#windowBytes + bytes, BURST_BYTES));
    }
    if (this.next < this.base) this.next = this.base;
    if (this.#first > KEPT_PLACES && this.#first * 2 > this.#frames.length) {
      this.#frames.splice(0, this.#first);
      this.#senders.splice(0, this.#first);
      this.#first = 0;
    }
    if (this.#timed > 0 && number >= this.#timed) this.#measured(nowMs - this.#timedAtMs);
    this.usedMs = nowMs;
    this.progressMs = nowMs;
    this.blocked = false;
    this.#doubled = 0;
    this.#postponed &&= this.size > 0;
    if (!this.#postponed) this.#wait(nowMs);
    return true;
  }

  /** What was sent may be lost: send all of it again, once for what happens at the same time. */
  again(nowMs: number): void {
    if (this.next === this.base && !this.blocked) return;
    const soonestMs = this.#againAtMs + BURST_PAUSE_MS;
    if (nowMs >= soonestMs) return this.#restart(nowMs, BURST_BYTES);
    this.#postponed = true;
    this.dueMs = Math.min(this.dueMs, soonestMs);
  }

  /** The receiver lacks something: unless what it waits for may still be on its way again. */
  missing(nowMs: number): void {
    if (nowMs - this.#againAtMs >= this.#smoothedMs) this.again(nowMs);
  }

  /** No way leads there, as far as is known: wait longer every time. */
  block(nowMs: number): void {
    if (this.blocked || this.size === 0) return;
    this.#doubled++;
    this.#restart(nowMs, ONE_MESSAGE);
    this.blocked = true;
  }

  /** `dueMs` has come: what was sent is lost, or nobody knows. @returns Whether it is silence that tells. */
  tick(nowMs: number): boolean {
    const isSilent = !this.#postponed;
    if (isSilent) this.#doubled++;
    this.#restart(nowMs, isSilent ? ONE_MESSAGE : BURST_BYTES);
    return isSilent;
  }

  /** It is broken: tell everybody who sent something of it. @param from This number, sent once, and later ones did not arrive. */
  fail(code: MeshErrorCode, why: string, from = this.fresh): void {
    const senders = this.#senders.slice(this.#first);
    const mayHaveArrived = (this.#isAgain ? this.fresh : from) - this.base;
    this.#frames = [];
    this.#senders = [];
    this.#first = 0;
    this.heldBytes = 0;
    this.dueMs = Number.POSITIVE_INFINITY;
    for (const [i, sender] of senders.entries()) sender?.onLost(code, why, i < mayHaveArrived);
  }

  #restart(nowMs: number, windowBytes: number): void {
    this.next = this.base;
    this.#isAgain = true;
    this.#flightBytes = 0;
    this.#windowBytes = windowBytes;
    this.#timed = 0;
    this.#againAtMs = nowMs;
    this.blocked = false;
    this.#postponed = false;
    this.#wait(nowMs);
  }

  #wait(nowMs: number): void {
    const timeoutMs = Math.min(TIMINGS.pipeResendMaxMs, this.#timeoutMs * 2 ** this.#doubled);
    this.dueMs = this.size > 0 ? nowMs + timeoutMs : Number.POSITIVE_INFINITY;
  }

  /** RFC 6298, and Karn: only what was sent once is measured. */
  #measured(roundTripMs: number): void {
    this.#timed = 0;
    const isFirst = this.#smoothedMs === 0;
    const error = Math.abs(roundTripMs - this.#smoothedMs);
    this.#variationMs = isFirst ? roundTripMs / 2 : this.#variationMs + (error - this.#variationMs) / 4;
    this.#smoothedMs = isFirst ? roundTripMs : this.#smoothedMs + (roundTripMs - this.#smoothedMs) / 8;
    this.#timeoutMs = Math.max(TIMINGS.pipeResendMinMs, this.#smoothedMs + 4 * this.#variationMs);
  }
}
