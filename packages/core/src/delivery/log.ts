/**
 * The log of a node: every data frame it holds, in order of arrival, under one byte budget. Frames lie back to back in
 * segments, so that a run of them leaves over an edge as one view; payloads from 4 KiB on stay where they are and are
 * charged at their buffer's size. The oldest segment goes first, whatever flow its frames belong to.
 */

import { LIMITS } from "../base/limits.ts";
import type { PacketBuilder } from "../edge/index.ts";
import { readU32 } from "../wire/index.ts";

interface Segment {
  readonly bytes: Uint8Array;
  /** Position of its first byte. */
  readonly base: number;
  used: number;
  /** Payloads kept as views, by the offset of their frame's head. */
  views: Map<number, Uint8Array> | undefined;
  /** Charged beyond `bytes`: the buffers behind the views. */
  viewBytes: number;
  lastBuffer: ArrayBufferLike | undefined;
  /** The flows that have frames here. */
  readonly flows: Set<FlowLog>;
  /** The one added last, to save asking the set for every frame. */
  lastFlow: FlowLog | undefined;
  /** When it was seen full first, by the sweeper; no clock is read for a single frame. */
  fullAtMs: number | undefined;
}

/** Segments grow from the first to the second size, so that an idle node stays small; less in a small log. */
const SMALLEST_SEGMENT = 8 * 1024;
const LARGEST_SEGMENT = 256 * 1024;
/** Offsets in a segment fit below this; a frame's position is `segment.base + offset`. */
const SPAN = 2 ** 24;
/** A hole of so many numbers at most is kept between what is held. */
const LARGEST_HOLE = 10_000;

/** Why numbers are not held that came before others: lost for good, lost to those who read here, or removed on purpose. */
export type HoleReason = "forgotten" | "too-slow" | "skipped";

/** Numbers that are not held, and will not be. */
export interface Hole {
  readonly to: number;
  readonly reason: HoleReason;
}

/** Stand for the positions of numbers in a hole between numbers that are held. */
const IN_HOLE: Readonly<Record<HoleReason, number>> = { forgotten: -1, "too-slow": -2, skipped: -3 };
const REASONS: readonly HoleReason[] = ["forgotten", "too-slow", "skipped"];

/** The frames of one flow that the log holds: numbers `base + 1` to `head`, some of which may be known as lost. */
export class FlowLog {
  /** The last number not held any more. */
  base: number;
  /** The newest number held. */
  head: number;
  /** Numbers up to here are lost for good: who should have had them said so. */
  floor = 0;
  /** The hole before all that is held. */
  #hole: (Hole & { readonly from: number }) | undefined;
  #positions = new Float64Array(4);
  #first = 0;

  constructor(base: number) {
    this.base = base;
    this.head = base;
  }

  get count(): number {
    return this.head - this.base;
  }

  /** Position of `seq`, which must be held. */
  at(seq: number): number {
    return this.#positions[(this.#first + seq - this.base - 1) & (this.#positions.length - 1)]!;
  }

  push(position: number): void {
    const count = this.count;
    if (count === this.#positions.length) {
      const bigger = new Float64Array(count * 2);
      for (let i = 0; i < count; i++) bigger[i] = this.at(this.base + 1 + i);
      this.#positions = bigger;
      this.#first = 0;
    }
    this.head++;
    this.#positions[(this.#first + count) & (this.#positions.length - 1)] = position;
  }

  dropFirst(): void {
    this.#first = (this.#first + 1) & (this.#positions.length - 1);
    this.base++;
  }

  /**
   * Numbers after `head` up to `to` will not come. What is held before them stays, unless the hole is large. Who was too
   * slow for them may still hear of older ones.
   */
  lose(to: number, reason: HoleReason): void {
    const from = this.head + 1;
    if (reason === "forgotten") this.floor = Math.max(this.floor, to);
    if (this.count > 0 && to - this.head <= LARGEST_HOLE) while (this.head < to) this.push(IN_HOLE[reason]);
    else {
      this.reset(to);
      this.#hole = { from, to, reason };
    }
  }

  /** The rest of the hole that `seq` lies in; undefined where none is known. */
  holeAt(seq: number): Hole | undefined {
    const hole = this.#hole;
    if (seq <= this.base) return hole && seq >= hole.from && seq <= hole.to ? hole : undefined;
    const position = seq <= this.head ? this.at(seq) : 0;
    if (position >= 0) return undefined;
    let to = seq;
    while (to < this.head && this.at(to + 1) === position) to++;
    return { to, reason: REASONS[-position - 1]! };
  }

  /** Hold nothing, and go on after `base`. */
  reset(base: number): void {
    this.base = base;
    this.head = base;
    this.#first = 0;
    this.#hole = undefined;
  }
}

export class Log {
  readonly #budgetBytes: number;
  readonly #beside: Log | undefined;
  /** A segment with so much behind its views is full: it goes as one, and must not take the whole log along. */
  readonly #viewBytes: number;
  readonly #largestSegment: number;
  #segments: Segment[] = [];
  /** The newest of them. */
  #last: Segment | undefined;
  /** Position of the first byte of the oldest segment. */
  #base = 0;
  #bytes = 0;
  /** Frames that count as held already and are yet to be copied: `from` to `to` of `source`. */
  readonly #run = {
    source: undefined as Uint8Array | undefined,
    from: 0,
    to: 0,
    segment: undefined as Segment | undefined,
    into: 0,
  };
  /** The segment last located, to save a look-up. */
  #located: Segment | undefined;

  /**
   * @param budgetBytes What it may hold, counting whole segments and the buffers behind views.
   * @param beside Another log, with a smaller budget of its own, whose bytes count here too.
   */
  constructor(budgetBytes: number, beside?: Log) {
    this.#budgetBytes = budgetBytes;
    this.#beside = beside;
    this.#viewBytes = budgetBytes / 16;
    this.#largestSegment = Math.max(SMALLEST_SEGMENT, Math.min(LARGEST_SEGMENT, budgetBytes / 8));
  }

  get byteLength(): number {
    return this.#bytes + (this.#beside ? this.#beside.byteLength : 0);
  }

  /** The buffer that the last frame was appended to. */
  get newest(): Uint8Array {
    return this.#last!.bytes;
  }

  /**
   * Room for the next frame of `flow`: `head` bytes that the caller fills at once, and `payload` behind them, which is
   * copied when small and otherwise kept as it is. The frame counts as held when this returns.
   * @returns Where in `newest` the head goes.
   */
  append(flow: FlowLog, headBytes: number, payload: Uint8Array): number {
    const asView = this.#isView(payload.length, payload);
    const segment = this.#room(asView ? headBytes : headBytes + payload.length);
    const at = segment.used;
    if (asView) {
      segment.views ??= new Map();
      segment.views.set(at, payload);
      this.#charge(segment, payload);
      segment.used += headBytes;
    } else {
      segment.bytes.set(payload, at + headBytes);
      segment.used += headBytes + payload.length;
    }
    this.#hold(flow, segment, at);
    return at;
  }

  /** Hold a frame that came in whole: `length` bytes at `at`. Its payload begins at `payloadFrom`. */
  appendFrame(flow: FlowLog, frame: Uint8Array, at: number, length: number, payloadFrom: number): void {
    const asView = this.#isView(at + length - payloadFrom, frame);
    const copied = asView ? payloadFrom - at : length;
    const segment = this.#room(copied);
    const into = segment.used;
    segment.used += copied;
    const run = this.#run;
    const isNext = run.source === frame && run.to === at;
    // Something of our own may have come in between: what hears of a message may publish.
    if (isNext && run.segment === segment && run.into + run.to - run.from === into) {
      run.to += copied;
    } else {
      this.#copyRun();
      run.source = frame;
      run.from = at;
      run.to = at + copied;
      run.segment = segment;
      run.into = into;
    }
    if (asView) {
      const payload = frame.subarray(payloadFrom, at + length);
      segment.views ??= new Map();
      segment.views.set(into, payload);
      this.#charge(segment, payload);
    }
    this.#hold(flow, segment, into);
  }

  /** A large payload is not copied, unless it would keep a buffer alive that takes too much of this log for so little. */
  #isView(payloadBytes: number, within: Uint8Array): boolean {
    // A small array may have no buffer yet, and asking for it would make one.
    if (payloadBytes < LIMITS.logViewBytes) return false;
    const { byteLength } = within.buffer;
    return byteLength <= this.#viewBytes || byteLength < payloadBytes * 2;
  }

  /** Frames that came side by side are copied in one go, before anything is read or the segment is gone. */
  #copyRun(): void {
    const { source, from, to, segment, into } = this.#run;
    if (!source) return;
    segment!.bytes.set(source.subarray(from, to), into);
    this.#run.source = undefined;
    this.#run.segment = undefined;
  }

  #hold(flow: FlowLog, segment: Segment, at: number): void {
    flow.push(segment.base + at);
    if (segment.lastFlow === flow) return;
    segment.lastFlow = flow;
    segment.flows.add(flow);
  }

  /** Where the frame numbered `seq` lies; it must be held. */
  locate(
    flow: FlowLog,
    seq: number,
  ): { readonly bytes: Uint8Array; readonly at: number; readonly view: Uint8Array | undefined } {
    this.#copyRun();
    const position = flow.at(seq);
    const segment = this.#segmentAt(position);
    const at = position - segment.base;
    return { bytes: segment.bytes, at, view: segment.views?.get(at) };
  }

  /** The length of the frame numbered `seq`, which must be held. */
  frameBytes(flow: FlowLog, seq: number): number {
    const { bytes, at } = this.locate(flow, seq);
    return readU32(bytes, at);
  }

  /** Add the frames from `seq` to `last` to `packet` until it holds `untilBytes` or a hole comes. @returns The next number to send. */
  gather(flow: FlowLog, seq: number, last: number, packet: PacketBuilder, untilBytes: number): number {
    this.#copyRun();
    let next = seq;
    while (next <= last && packet.byteLength < untilBytes) {
      const position = flow.at(next);
      if (position < 0) return next;
      next++;
      const segment = this.#segmentAt(position);
      const at = position - segment.base;
      const length = readU32(segment.bytes, at);
      const view = segment.views?.get(at);
      if (view) {
        packet.add(segment.bytes, at, at + length - view.byteLength);
        packet.addWhole(view);
      } else {
        packet.add(segment.bytes, at, at + length);
      }
    }
    return next;
  }

  /** To be called now and then: drops whole segments whose newest frame has been here for longer than `ageMs`. */
  sweep(nowMs: number, ageMs: number): void {
    // The newest one counts as full too: its first frames must not stay for as long as others follow.
    for (const segment of this.#segments) segment.fullAtMs ??= nowMs;
    this.#beside?.sweep(nowMs, ageMs);
    while (this.#segments[0]?.fullAtMs !== undefined && nowMs - this.#segments[0].fullAtMs > ageMs) this.#dropSegment();
  }

  #segmentAt(position: number): Segment {
    const located = this.#located;
    if (located && position >= located.base && position < located.base + SPAN) return located;
    this.#located = this.#segments[Math.floor((position - this.#base) / SPAN)]!;
    return this.#located;
  }

  #room(byteLength: number): Segment {
    const last = this.#last;
    if (last && last.used + byteLength <= last.bytes.length && last.fullAtMs === undefined) {
      if (last.viewBytes < this.#viewBytes) return last;
    }
    const wasFull = last && last.used > last.bytes.byteLength / 2;
    const size = wasFull ? Math.min(this.#largestSegment, last.bytes.byteLength * 2) : SMALLEST_SEGMENT;
    const segment: Segment = {
      bytes: new Uint8Array(Math.max(size, byteLength)),
      base: this.#base + this.#segments.length * SPAN,
      used: 0,
      views: undefined,
      viewBytes: 0,
      lastBuffer: undefined,
      flows: new Set(),
      lastFlow: undefined,
      fullAtMs: undefined,
    };
    this.#segments.push(segment);
    this.#last = segment;
    this.#grow(segment.bytes.byteLength);
    return segment;
  }

  #charge(segment: Segment, view: Uint8Array): void {
    // Neighbouring payloads often came in one buffer; it is charged once.
    if (segment.lastBuffer === view.buffer) return;
    segment.lastBuffer = view.buffer;
    segment.viewBytes += view.buffer.byteLength;
    this.#grow(view.buffer.byteLength);
  }

  #grow(byteLength: number): void {
    this.#bytes += byteLength;
    this.shrink();
  }

  /** Keep to the budget; called by itself, except when the log beside it has grown. */
  shrink(): void {
    // The newest segment stays, however large: what was just acknowledged is held.
    while (this.byteLength > this.#budgetBytes && this.#segments.length > 1) this.#dropSegment();
  }

  #dropSegment(): void {
    const segment = this.#segments.shift()!;
    this.#base += SPAN;
    if (this.#last === segment) this.#last = undefined;
    this.#bytes -= segment.bytes.byteLength + segment.viewBytes;
    if (this.#located === segment) this.#located = undefined;
    const end = segment.base + SPAN;
    for (const flow of segment.flows) {
      if (flow.count === 0 || flow.at(flow.base + 1) >= end) continue;
      while (flow.count > 0 && flow.at(flow.base + 1) < end) flow.dropFirst();
    }
  }
}
