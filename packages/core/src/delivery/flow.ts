/** One flow as a node sees it: what its number stands for, what of it is held, and who reads it here. */
import type { NodeId } from "../base/ids.ts";
import type { Edge } from "../edge/index.ts";
import type { EndReason, GapReason, OriginRef, Reliability } from "../wire/index.ts";
import type { CatchUp } from "./catch-up.ts";
import { FlowLog } from "./log.ts";

/** Somebody who reads a flow from `next` on: a neighbour's cursor or a subscription of this node. */
export interface Reader {
  /** The next number it has not been given. */
  next: number;
  /** The flow has grown to `flow.log.head`. */
  onHead(flow: Flow): void;
  /** Nobody can deliver the numbers up to `to`. */
  onGap(flow: Flow, to: number, reason: GapReason): void;
  /** Numbers up to `to` were removed by a policy. */
  onSkip(flow: Flow, to: number): void;
  /** Nothing comes any more after what there is. Should the flow go on all the same, it does so with the next number. */
  onEnd(flow: Flow, reason: EndReason): void;
}

/** Where a flow comes in, as the flow sees it (`upstream.ts`). */
export interface FlowSource {
  readonly origin: NodeId;
  readonly refs: readonly OriginRef[];
  readonly edge: Edge | undefined;
  readonly flows: Set<Flow>;
  /** Whether frames may come in over `edge`. */
  fedBy(edge: Edge): boolean;
  /** Whether `pattern` is asked for there, answered or not. */
  isAsked(pattern: string): boolean;
  /** Whether nothing on `topic` has been missed there from some moment on. */
  hasConfirmed(topic: string): boolean;
  /** Whether all of a flow of `topic` is owed, whatever it is said to begin with. */
  owes(topic: string): boolean;
}

export class Flow {
  readonly number: number;
  /** The peer it is attached at; another one after its leaf moved. */
  home: NodeId;
  /** The home's incarnation. */
  incarnation: number;
  /** Who publishes: the home, or a leaf of it. */
  readonly origin: NodeId;
  /** Which home this is, counted by the leaf that publishes; 0 for a peer's flow. A lower one is old news. */
  epoch: number;
  readonly topic: string;
  readonly reliability: Reliability;
  readonly log: FlowLog;
  /** Where it comes from, or last came from; undefined for this node's own. */
  upstream: FlowSource | undefined;
  /** In order of arrival; never changed in place, since it is walked once for every message. */
  readers: readonly Reader[] = [];
  /** Forgotten here: nothing of it comes any more. */
  ended = false;
  /** Its beginning is known here, and everybody active has been given it. */
  announced = false;
  /** Asked for: its messages are taken in. */
  accepting = false;
  /** A hole was found and asked for again. */
  refetching = false;
  /** Its origin is gone. It goes on after `head` should the origin come back: nothing is told twice. */
  over: EndReason | undefined;
  /** What children are behind with, once one of them was. */
  catchUp: CatchUp | undefined;
  /** Published before its origin had an edge: until then, on the clock, whoever begins does so with this number. */
  offer: { readonly from: number; readonly untilMs: number } | undefined;
  /** Own numbers that are kept from others on purpose. */
  withheld: { readonly from: number; readonly to: number } | undefined;
  /** When its home was lost, while its leaf may still come back at another gateway. */
  orphanedAtMs: number | undefined;
  /** The head at the last sweep, and when it was first seen: tells how long the flow has been idle. */
  sweptHead = -1;
  idleSinceMs = 0;
  #stream: string | undefined;

  constructor(
    identity: Pick<Flow, "number" | "home" | "incarnation" | "origin" | "epoch" | "topic" | "reliability">,
    base: number,
  ) {
    this.number = identity.number;
    this.home = identity.home;
    this.incarnation = identity.incarnation;
    this.origin = identity.origin;
    this.epoch = identity.epoch;
    this.topic = identity.topic;
    this.reliability = identity.reliability;
    this.log = new FlowLog(base);
  }

  /** What goes on in another flow when this one has ended. */
  get stream(): string {
    this.#stream ??= `${this.reliability} ${this.origin} ${this.topic}`;
    return this.#stream;
  }

  /** What is told upstream: the number after which it goes on. */
  get position(): number {
    return this.catchUp?.isAsking ? this.catchUp.log.head : this.log.head;
  }

  /** The number with which begin those who do so now. */
  freshFrom(nowMs: number): number {
    if (this.offer && nowMs >= this.offer.untilMs) this.offer = undefined;
    return this.offer?.from ?? this.log.head + 1;
  }

  addReader(reader: Reader): void {
    this.readers = [...this.readers, reader];
  }

  /** Readers that lack what this node does not hold any more have something to read, or to ask. */
  wakeBehind(): void {
    for (const reader of this.readers) if (reader.next <= this.log.base) reader.onHead(this);
  }

  /** Also while they are walked: who walks them goes on with the old ones. */
  removeReader(reader: Reader): void {
    this.readers = this.readers.filter((other) => other !== reader);
  }
}
