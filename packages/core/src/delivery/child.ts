/**
 * A neighbour that reads from this node: what it wants of which origin, and one cursor per flow. Falling behind costs
 * a number, not a queue: frames are taken from the log when its edge can write.
 */
import type { NodeId } from "../base/ids.ts";
import type { Edge, FrameSource, PacketBuilder } from "../edge/index.ts";
import { control, type EndReason, type GapReason, Lane } from "../wire/index.ts";
import { DeclaredFlows } from "./declared-flows.ts";
import type { Flow, Reader } from "./flow.ts";
import type { FlowLog, Hole, Log } from "./log.ts";
import { EVERY_ORIGIN } from "./upstream.ts";
import { NOTHING, type WantList, type Wants, WantTable } from "./want-table.ts";

/** A cursor may take this much of a packet before the next one has its turn. */
const QUANTUM_BYTES = 16 * 1024;
/** How far a cursor on a volatile flow may fall behind, in messages, before it jumps to the newest. */
const VOLATILE_LAG = 1_000;
/** So often what a cursor lacks may be gone again before its edge could take any of it: then it is too slow. */
const FETCHES = 3;

/** What a child needs of the feeds. */
export interface ChildHost {
  readonly log: Log;
  /** What was fetched again for those who are behind. */
  readonly catchUpLog: Log;
  /** Numbers up to here cannot come any more; the rest below the log's base can be asked of the upstream. */
  lostUpTo(flow: Flow): number;
  /** Ask the upstream for what comes after `after` again; its cursors hear of it by `onHead`. */
  catchUp(flow: Flow, after: number): void;
  declare(flow: Flow, edge: Edge): Uint8Array;
  onVolatileDrop(flow: Flow, count: number): void;
}

export class Cursor implements Reader {
  next: number;
  readonly flow: Flow;
  /** The neighbour knows what the flow's number stands for. */
  declared: boolean;
  queued = false;
  /** The neighbour has been told that the flow is over. */
  ended = false;
  /** What was fetched for it in vain last, and how often. */
  fetched = 0;
  fetches = 0;
  readonly #child: Child;

  /** Over which it gives. */
  get edge(): Edge {
    return this.#child.edge;
  }

  constructor(child: Child, flow: Flow, next: number, declared: boolean) {
    this.#child = child;
    this.flow = flow;
    this.next = next;
    this.declared = declared;
  }

  onHead(): void {
    if (!this.queued) this.#child.queue(this);
  }

  onGap(): void {
    this.onHead();
  }

  onSkip(): void {
    this.onHead();
  }

  onEnd(): void {
    this.onHead();
  }
}

export class Child implements FrameSource {
  readonly edge: Edge;
  readonly isLeaf: boolean;
  /** By origin; a leaf's under `EVERY_ORIGIN`. */
  readonly wants = new WantTable();
  /** A leaf's patterns for which ATTACHED is owed. */
  readonly unanswered = new Set<string>();
  readonly cursors = new Map<number, Cursor>();
  /** Flows it told us of that are unknown here, and the last number it holds: for when their origin is known. */
  readonly declared = new DeclaredFlows();
  /** Origins whose messages are not passed on to it. */
  readonly barred = new Set<NodeId>();
  /** What it told to hold of flows known here, ahead of the wants they belong to. */
  readonly ahead = new Map<number, number>();
  readonly #host: ChildHost;
  #queue: Cursor[] = [];

  constructor(edge: Edge, host: ChildHost) {
    this.edge = edge;
    this.isLeaf = edge.role === "leaf";
    this.#host = host;
    edge.source = this;
  }

  /** What it asks of `origin`, also where it may not have it. */
  asked(origin: NodeId): Wants {
    return this.wants.of(this.isLeaf ? EVERY_ORIGIN : origin);
  }

  /** What it wants of `origin` and may have. */
  wantsOf(origin: NodeId): Wants {
    return this.listOf(origin)?.wants ?? NOTHING;
  }

  listOf(origin: NodeId): WantList | undefined {
    return this.barred.has(origin) ? undefined : this.wants.listOf(this.isLeaf ? EVERY_ORIGIN : origin);
  }

  /** Read `flow` from `next` on; moves the cursor when there is one. */
  read(flow: Flow, next: number, declared: boolean): void {
    let cursor = this.cursors.get(flow.number);
    if (cursor) {
      cursor.next = next;
      cursor.declared ||= declared;
      cursor.ended = false;
    } else {
      cursor = new Cursor(this, flow, next, declared);
      this.cursors.set(flow.number, cursor);
      flow.addReader(cursor);
    }
    if (next <= flow.log.head || flow.over) cursor.onHead();
  }

  stop(cursor: Cursor): void {
    this.cursors.delete(cursor.flow.number);
    cursor.flow.removeReader(cursor);
  }

  queue(cursor: Cursor): void {
    cursor.queued = true;
    this.#queue.push(cursor);
    this.edge.wake();
  }

  pull(packet: PacketBuilder, untilBytes: number): void {
    let turn = 0;
    for (; turn < this.#queue.length && packet.byteLength < untilBytes; turn++) {
      const cursor = this.#queue[turn]!;
      if (this.cursors.get(cursor.flow.number) !== cursor) continue;
      const goesOn = this.#advance(cursor, packet, Math.min(untilBytes, packet.byteLength + QUANTUM_BYTES));
      if (goesOn && cursor.next <= cursor.flow.log.head) this.#queue.push(cursor);
      else cursor.queued = false;
    }
    if (turn > 0) this.#queue = turn === this.#queue.length ? [] : this.#queue.slice(turn);
  }

  /** @returns False when it has to wait until what it lacks has been fetched. */
  #advance(cursor: Cursor, packet: PacketBuilder, untilBytes: number): boolean {
    const { flow } = cursor;
    if (!cursor.declared) {
      cursor.declared = true;
      packet.addWhole(this.#host.declare(flow, this.edge));
    }
    if (flow.reliability === "volatile") {
      const target = flow.log.head - cursor.next >= VOLATILE_LAG ? flow.log.head - 1 : flow.log.base;
      if (cursor.next <= target) this.#skip(cursor, target, packet);
    }
    while (cursor.next <= flow.log.base && packet.byteLength < untilBytes) {
      const behind = flow.catchUp?.log;
      const hole = flow.log.holeAt(cursor.next) ?? behind?.holeAt(cursor.next);
      if (hole) {
        this.#pass(cursor, hole, packet);
        continue;
      }
      if (behind && cursor.next > behind.base && cursor.next <= behind.head) {
        this.#copy(cursor, this.#host.catchUpLog, behind, packet, untilBytes);
        continue;
      }
      const lost = Math.min(this.#host.lostUpTo(flow), flow.log.base);
      if (cursor.next <= lost) this.#gap(cursor, lost, "forgotten", packet);
      else if (this.#fetch(cursor)) return false;
      else this.#gap(cursor, flow.log.base, "too-slow", packet);
    }
    if (cursor.next > flow.log.base) this.#copy(cursor, this.#host.log, flow.log, packet, untilBytes);
    if (flow.over && cursor.next > flow.log.head && !cursor.ended) packet.addWhole(this.endOf(cursor, flow.over));
    return true;
  }

  /** @returns False when there is no sense in it any more. */
  #fetch(cursor: Cursor): boolean {
    const { flow, next } = cursor;
    if (flow.catchUp?.hasLost(next)) {
      cursor.fetches = cursor.fetched === next ? cursor.fetches + 1 : 1;
      cursor.fetched = next;
      if (cursor.fetches === FETCHES) return false;
    }
    this.#host.catchUp(flow, next - 1);
    return true;
  }

  #copy(cursor: Cursor, log: Log, flowLog: FlowLog, packet: PacketBuilder, untilBytes: number): void {
    while (cursor.next <= flowLog.head && packet.byteLength < untilBytes) {
      const { withheld } = cursor.flow;
      const isBefore = withheld !== undefined && cursor.next < withheld.from;
      const hole =
        flowLog.holeAt(cursor.next) ??
        (withheld && !isBefore && cursor.next <= withheld.to ? { to: withheld.to, reason: "skipped" } : undefined);
      if (hole) {
        this.#pass(cursor, hole, packet);
        continue;
      }
      packet.lane = cursor.flow.reliability === "volatile" ? Lane.volatile : Lane.reliable;
      cursor.next = log.gather(flowLog, cursor.next, isBefore ? withheld.from - 1 : flowLog.head, packet, untilBytes);
      packet.lane = Lane.control;
      cursor.ended = false;
    }
  }

  /** Nothing comes up to the hole's end. */
  #pass(cursor: Cursor, { to, reason }: Hole, packet: PacketBuilder): void {
    if (cursor.flow.reliability === "volatile") this.#skip(cursor, to, packet);
    else if (reason === "skipped") {
      packet.addWhole(control.skip.encode({ flow: cursor.flow.number, from: cursor.next, to }));
      cursor.next = to + 1;
    } else this.#gap(cursor, to, reason, packet);
  }

  /** The frame that tells of the end, after what the cursor has given. */
  endOf(cursor: Cursor, reason: EndReason): Uint8Array {
    cursor.ended = true;
    return control.end.encode({ flow: cursor.flow.number, last: cursor.next - 1, reason });
  }

  #gap(cursor: Cursor, to: number, reason: GapReason, packet: PacketBuilder): void {
    packet.addWhole(control.gap.encode({ flow: cursor.flow.number, from: cursor.next, to, reason }));
    cursor.next = to + 1;
  }

  #skip(cursor: Cursor, to: number, packet: PacketBuilder): void {
    this.#host.onVolatileDrop(cursor.flow, to - cursor.next + 1);
    packet.addWhole(control.skip.encode({ flow: cursor.flow.number, from: cursor.next, to }));
    cursor.next = to + 1;
  }
}
