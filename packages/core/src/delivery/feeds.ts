/**
 * The feed protocol: for each origin this node attaches at one upstream, its own next hop, for everything wanted here
 * and by all attached here (`attachments.ts`), and it serves its children in the same way (`children.ts`). Within a flow
 * only the next number is taken, so nothing arrives twice or out of order on any topology; and a lost edge, a reroute
 * and a moved leaf are one thing: attach again with positions.
 */
import type { Clock, Random } from "../base/clock.ts";
import { MeshError } from "../base/errors.ts";
import { type NodeId, randomFlowNumber } from "../base/ids.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import { dispose } from "../base/platform.ts";
import { matches } from "../base/topic-pattern.ts";
import type { Flushable, Turn } from "../base/turn.ts";
import type { Edge, LocalNode } from "../edge/index.ts";
import {
  control,
  DATA_HEAD_BYTES,
  dataFlow,
  dataHeadBytes,
  dataPayloadFrom,
  dataPublishedAtMs,
  dataSeq,
  type EndReason,
  FrameType,
  type GapReason,
  type Holds,
  Lane,
  type OriginRef,
  plainDataBytes,
  type Reliability,
  writeDataHead,
} from "../wire/index.ts";
import { Attachments } from "./attachments.ts";
import { Backlog, type OfflinePolicy } from "./backlog.ts";
import { CatchUp } from "./catch-up.ts";
import { type ChildHost, Cursor } from "./child.ts";
import { Children } from "./children.ts";
import { Flow } from "./flow.ts";
import { FlowTable } from "./flow-table.ts";
import type { Ingress } from "./ingress.ts";
import type { Listener, LocalWant } from "./local-want.ts";
import { LocalWants } from "./local-wants.ts";
import { type HoleReason, Log } from "./log.ts";
import type { Relaying } from "./relay-policy.ts";

/** Why a neighbour could not deliver something, for those that read here. */
const holeBy = (reason: GapReason): HoleReason => (reason === "too-slow" ? reason : "forgotten");

/** What feeds need to know of the control plane. */
export interface FeedsHost {
  readonly local: LocalNode;
  readonly clock: Clock;
  readonly random: Random;
  readonly turn: Turn;
  readonly ingress: Ingress;
  readonly relay: Relaying;
  readonly logBytes: number;
  incarnation(): number;
  /** Reachable peers, this node left out. */
  origins(): Iterable<OriginRef>;
  /** The present incarnation of a peer, also for a while after its goodbye; undefined when nothing is known. */
  incarnationOf(peer: NodeId): number | undefined;
  nextHop(peer: NodeId): Edge | undefined;
  /** The first join is done, or there was none: subscriptions may call themselves ready. */
  joined(): boolean;
}

export interface FeedCounters {
  /** Messages dropped because they had come already. */
  duplicates: number;
  /** Messages that came for nobody: their want had just ended. */
  unwanted: number;
  /** Holes asked for again. */
  resumes: number;
  /** Ranges reported as lost to subscriptions of this node. */
  gaps: number;
  /** Messages that subscriptions of this node dropped by their own `overflow`. */
  drops: number;
  /** Volatile messages dropped on the way out. */
  volatileDrops: number;
  /** Messages published while there was no edge that nobody was given: what `offline` says, or too much. */
  offlineDrops: number;
  /** Patterns and flows that a neighbour wanted and was not given, because `relay` keeps them back. */
  notRelayed: number;
}

/** See `Feeds.handover`. */
interface Handover {
  /** How many messages somebody wants and was not given. */
  readonly messages: number;
  /** What they are of; also topics that may have been lost with an edge. */
  readonly topics: readonly string[];
  /** Where the others went. */
  readonly edges: ReadonlySet<Edge>;
}

/** What a child lacks is fetched so much at a time, in bytes; less where the log is small. */
const CATCH_UP_BYTES = 8 * 1024 * 1024;
/** How often old messages and idle flows are looked for, in ms. */
const SWEEP_MS = 60_000;

export class Feeds implements ChildHost, Flushable {
  readonly log: Log;
  readonly catchUpLog: Log;
  readonly counters: FeedCounters = {
    duplicates: 0,
    unwanted: 0,
    resumes: 0,
    gaps: 0,
    drops: 0,
    volatileDrops: 0,
    offlineDrops: 0,
    notRelayed: 0,
  };
  readonly #host: FeedsHost;
  readonly #self: NodeId;
  readonly #isLeaf: boolean;
  readonly #flows = new FlowTable();
  readonly #localWants = new LocalWants();
  readonly #attachments: Attachments;
  readonly #children: Children;
  readonly #backlog: Backlog;
  /** Counts the gateways this leaf has hung on. */
  #epoch = 0;
  /** The turn in which the wall clock was read last, and what it said. */
  #wallReadIn = -1;
  #wallNowMs = 0;
  /** The turn in which something was caught up with last, and how much. */
  #caughtUpIn = -1;
  #caughtUpBytes = 0;
  #queued = false;
  #closed = false;
  #sweeper: Disposable | undefined;
  /** Runs while somebody waits to be told that a want is active. */
  #patience: Disposable | undefined;

  constructor(host: FeedsHost) {
    this.#host = host;
    this.#self = host.local.identity.id;
    this.#isLeaf = host.local.role === "leaf";
    this.catchUpLog = new Log(host.logBytes / 2);
    this.log = new Log(host.logBytes, this.catchUpLog);
    this.#backlog = new Backlog(host.clock, this.log, (count) => {
      this.counters.offlineDrops += count;
    });
    const feeds = this;
    this.#attachments = new Attachments({
      self: this.#self,
      isLeaf: this.#isLeaf,
      get children() {
        return feeds.#children;
      },
      localWants: this.#localWants,
      flows: this.#flows,
      now: () => host.clock.now(),
      incarnation: () => host.incarnation(),
      nextHop: (peer) => host.nextHop(peer),
      declare: (flow, edge) => this.declare(flow, edge),
      wake: () => this.#wake(),
      onRefetch: () => this.counters.resumes++,
      addFlow: (flow) => this.#addFlow(flow),
      endFlow: (flow, reason) => this.#endFlow(flow, reason),
      forgetFlow: (flow) => this.#forgetFlow(flow),
    });
    this.#children = new Children(
      {
        self: this.#self,
        isLeaf: this.#isLeaf,
        ingress: host.ingress,
        relay: host.relay,
        now: () => host.clock.now(),
        onNotRelayed: () => this.counters.notRelayed++,
        incarnation: () => host.incarnation(),
        log: this.log,
        catchUpLog: this.catchUpLog,
        lostUpTo: (flow) => this.lostUpTo(flow),
        catchUp: (flow, after) => this.catchUp(flow, after),
        declare: (flow, edge) => this.declare(flow, edge),
        onVolatileDrop: (flow, count) => this.onVolatileDrop(flow, count),
      },
      this.#flows,
      this.#attachments,
    );
    this.#sweepLater();
  }

  get flowCount(): number {
    return this.#flows.size;
  }

  // ---- for the streamer

  /**
   * Append a message to this node's own flow of `topic`. Copies small payloads; larger ones are kept as they are and
   * must not be modified any more.
   */
  publish(
    topic: string,
    reliability: Reliability,
    raw: boolean,
    headers: Uint8Array | undefined,
    payload: Uint8Array,
    offline?: OfflinePolicy,
  ): void {
    const flow = this.#flows.openFor(topic, reliability) ?? this.#openFlow(topic, reliability);
    const seq = flow.log.head + 1;
    const at = this.log.append(flow.log, dataHeadBytes(headers), payload);
    const lane = reliability === "reliable" ? Lane.reliable : Lane.volatile;
    writeDataHead(this.log.newest, at, lane, flow.number, seq, this.#wallMs(), raw, headers, payload.length);
    this.#backlog.onPublished(flow, offline);
    for (const reader of flow.readers) reader.onHead(flow);
  }

  /** The wall clock, read once a turn: within one it moves by less than it can tell. */
  #wallMs(): number {
    const { count } = this.#host.turn;
    if (this.#wallReadIn !== count) {
      this.#wallReadIn = count;
      this.#wallNowMs = this.#host.clock.wallNow();
    }
    return this.#wallNowMs;
  }

  /** Want `pattern` from every origin. */
  want(pattern: string, listener: Listener): LocalWant {
    const want = this.#localWants.add(pattern, listener);
    for (const flow of this.#flows.own) if (matches(pattern, flow.topic)) want.read(flow, flow.log.head + 1);
    want.active.add(this.#self);
    for (const upstream of this.#attachments.values())
      if (upstream.wants.isConfirmed(pattern)) this.#localWants.activateOne(want, upstream);
    this.#attachments.touchAll();
    return want;
  }

  unwant(want: LocalWant): void {
    if (!this.#localWants.delete(want)) return;
    want.close();
    this.#attachments.touchAll();
  }

  /** Whether what this node publishes on `topic` goes out over `edge` from now on. */
  isRead(edge: Edge, topic: string): boolean {
    return this.#children.reads(edge, topic);
  }

  /** Where a held message lies, or undefined when it is not held any more. */
  locate(flow: Flow, seq: number): ReturnType<Log["locate"]> | undefined {
    return seq > flow.log.base && seq <= flow.log.head ? this.log.locate(flow.log, seq) : undefined;
  }

  // ---- from the mesh and its edges

  onEdgeOpen(edge: Edge): void {
    if (this.#isLeaf) this.#epoch++;
    this.#backlog.onEdgeOpen();
    if (edge.role === "leaf") this.#attachments.onLeafOpen(edge);
    this.#attachments.touchAll();
  }

  onEdgeClosed(edge: Edge): void {
    this.#backlog.onEdgeClosed(() => this.#unsure(edge));
    this.#children.onEdgeClosed(edge);
    this.#attachments.onEdgeClosed(edge);
    if (this.#isLeaf) this.#moveHome();
    this.#attachments.touchAll();
  }

  /** What was given to `edge` just before it was heard last may have been lost with it. */
  *#unsure(edge: Edge): Generator<readonly [flow: Flow, from: number]> {
    const sinceMs = this.#host.clock.wallNow() - edge.silentMs - TIMINGS.unsureMs;
    for (const { flow, next } of this.#children.given(edge)) {
      const { head } = flow.log;
      const newest = this.locate(flow, head);
      if (next <= head || (newest && dataPublishedAtMs(newest.bytes, newest.at) >= sinceMs))
        yield [flow, Math.min(next, head)];
    }
  }

  /** This leaf's flows are at home at the gateways that are left, also where they have been before. */
  #moveHome(): void {
    this.#epoch++;
    for (const flow of this.#flows.own) this.#children.onRehomed(flow);
  }

  /** What the old life of `id` has published is over for those who hear of the new one: a new flow is not to come before that. */
  onNewLife(id: NodeId): void {
    if (id === this.#self) this.#flows.retireOwn();
    else if (this.#isLeaf) this.#attachments.onNewLife(id, this.#host.incarnationOf(id) ?? 0);
  }

  /** @param moved Peers reached another way now, or living another life; see `MeshOptions.onChange`. */
  onMeshChange(moved: ReadonlySet<NodeId>): void {
    const { incarnationOf, origins } = this.#host;
    if (moved.size === 0) return this.#wake();
    if (this.#isLeaf) {
      // Flows may come before the record of their home.
      this.#attachments.endFlows(({ home, incarnation }) => {
        const known = incarnationOf(home);
        return known === undefined ? moved.has(home) : known > incarnation;
      });
    } else {
      this.#attachments.onOrigins(origins());
      for (const upstream of [...this.#attachments.values()])
        if (upstream.kind === "peer" && incarnationOf(upstream.origin) === undefined) this.#attachments.end(upstream);
    }
    if (this.#isLeaf || moved.has(this.#self)) this.#attachments.touchAll();
    else for (const origin of moved) this.#attachments.touch(origin);
  }

  /** @returns Whether the frame was ours. @throws {MeshError} to close the edge. */
  onFrame(edge: Edge, type: number, frame: Uint8Array): boolean {
    switch (type) {
      case FrameType.flow: {
        const declaration = control.flow.decode(frame);
        if (declaration.origin === this.#self) return true; // our own, told back before its positions
        // A neighbour publishes: what others publish was let in where they are neighbours.
        if (declaration.origin === edge.id && !this.#host.ingress.admitsOrTells(edge, "publish", declaration.topic))
          return true;
        // It may come before the record of its home.
        if (
          this.#isLeaf &&
          declaration.incarnation > (this.#host.incarnationOf(declaration.home) ?? Number.POSITIVE_INFINITY)
        )
          this.#attachments.onNewLife(declaration.home, declaration.incarnation);
        // Its leaf has moved, and who tells of it has not heard of that: perhaps it is about to read it here.
        const known = this.#flows.get(declaration.flow);
        if (known?.origin === declaration.origin && known.epoch > declaration.epoch)
          edge.send(Lane.control, [this.declare(known, edge)]);
        this.#children.onFlow(edge, declaration, this.#attachments.onFlow(edge, declaration));
        return true;
      }
      case FrameType.attach:
        this.#children.onAttach(edge, control.attach.decode(frame));
        return true;
      case FrameType.attached:
        this.#attachments.onAttached(edge, control.attached.decode(frame));
        return true;
      case FrameType.detach: {
        const { origins, patterns } = control.detach.decode(frame);
        this.#children.onDetach(edge, origins, patterns);
        return true;
      }
      case FrameType.start: {
        const { flow: number, base, offeredMs } = control.start.decode(frame);
        const flow = this.#fedFlow(number, edge);
        if (flow) this.#attachments.onStart(flow, base, Math.min(offeredMs, TIMINGS.backlogMs));
        return true;
      }
      case FrameType.gap: {
        const { flow: number, from, to, reason } = control.gap.decode(frame);
        const flow = this.#fedFlow(number, edge);
        if (flow && this.#comesNext(flow, from, to)) this.#lose(flow, to, reason);
        flow?.catchUp?.onGap(from, to, holeBy(reason));
        return true;
      }
      case FrameType.skip: {
        const { flow: number, from, to } = control.skip.decode(frame);
        const flow = this.#fedFlow(number, edge);
        if (flow && this.#comesNext(flow, from, to)) this.#skip(flow, to);
        flow?.catchUp?.onGap(from, to, "skipped");
        return true;
      }
      case FrameType.end: {
        const { flow: number, last, reason } = control.end.decode(frame);
        const flow = this.#fedFlow(number, edge);
        if (!flow) return true;
        // What is missing still comes, and then the end once more.
        if (last > flow.log.head && flow.reliability === "reliable") this.#attachments.refetch(flow);
        else this.#endFlow(flow, reason);
        return true;
      }
      case FrameType.refused: {
        const { action, resource } = control.refused.decode(frame);
        if (action === "publish") this.#children.onRefused(edge, resource);
        return false; // the node tells its user
      }
      default:
        return false;
    }
  }

  // ---- messages coming in

  /**
   * A message, and those that follow it in the packet as long as they are the next of the same flow: a busy flow's come
   * side by side, and what is asked once for each run costs next to nothing for a message.
   * @returns Where the first frame begins that was not taken.
   * @throws {MeshError} `malformed-frame`, `too-large`
   */
  onData(edge: Edge, packet: Uint8Array, at: number, length: number): number {
    const end = at + length;
    if (length < DATA_HEAD_BYTES)
      throw new MeshError("malformed-frame", `a data frame of ${length} bytes is shorter than its head`);
    const flow = this.#flows.get(dataFlow(packet, at));
    if (!flow?.accepting || !flow.upstream?.fedBy(edge)) {
      this.counters.unwanted++;
      return end;
    }
    const seq = dataSeq(packet, at);
    if (!flow.announced) {
      // What is only asked for begins with START, or with the very first message; an edge it is leaving has neither.
      if (seq > 1 && !flow.upstream.hasConfirmed(flow.topic)) {
        this.counters.unwanted++;
        return end;
      }
      this.#attachments.announce(flow, 1);
    }
    const { head } = flow.log;
    const isBehind = seq <= head && flow.catchUp?.takes(seq) === true;
    if (seq <= head && !isBehind) {
      this.counters.duplicates++;
      return end;
    }
    const maxLength = edge.role === "leaf" ? LIMITS.leafFrameBytes : LIMITS.frameBytes;
    if (length > maxLength) throw new MeshError("too-large", `a message of ${length} bytes from a ${edge.role}`);
    const payloadFrom = dataPayloadFrom(packet, at, length);
    if (isBehind) {
      this.#takeBehind(flow.catchUp!, packet, at, length, payloadFrom);
      return end;
    }
    if (seq !== head + 1) {
      if (flow.reliability === "reliable") {
        if (flow.upstream.edge === edge) this.#attachments.refetch(flow);
        return end;
      }
      this.#skip(flow, seq - 1);
    }
    flow.refetching = false;
    if (flow.over) this.#revive(flow);
    this.log.appendFrame(flow.log, packet, at, length, payloadFrom);
    let next = end;
    for (;;) {
      const more = plainDataBytes(packet, next, flow.number, flow.log.head + 1);
      if (more === 0 || more > maxLength) break;
      this.log.appendFrame(flow.log, packet, next, more, next + DATA_HEAD_BYTES);
      next += more;
    }
    for (const reader of flow.readers) reader.onHead(flow);
    return next;
  }

  /** A flow known here that `edge` may speak for. */
  #fedFlow(number: number, edge: Edge): Flow | undefined {
    const flow = this.#flows.get(number);
    return flow?.upstream?.edge === edge ? flow : undefined;
  }

  /** Whether `from` to `to` is news. What is missing before it can still be had, and is asked for. */
  #comesNext(flow: Flow, from: number, to: number): boolean {
    const { head } = flow.log;
    if (to <= head || from <= head + 1 || flow.reliability === "volatile") return to > head;
    this.#attachments.refetch(flow);
    return false;
  }

  #lose(flow: Flow, to: number, reason: GapReason): void {
    if (!flow.announced) this.#attachments.announce(flow, 1);
    flow.refetching = false;
    if (flow.over) this.#revive(flow);
    flow.log.lose(to, holeBy(reason));
    for (const reader of flow.readers) reader.onGap(flow, to, reason);
  }

  #skip(flow: Flow, to: number): void {
    if (!flow.announced) this.#attachments.announce(flow, 1);
    if (flow.over) this.#revive(flow);
    flow.log.lose(to, "skipped");
    for (const reader of flow.readers) reader.onSkip(flow, to);
  }

  /** It goes on all the same; who has begun since it was over is given it too. */
  #revive(flow: Flow): void {
    flow.over = undefined;
    this.#children.onRehomed(flow);
  }

  #openFlow(topic: string, reliability: Reliability): Flow {
    const number = randomFlowNumber(this.#host.random);
    const flow = new Flow(
      {
        number,
        home: this.#self,
        incarnation: this.#host.incarnation(),
        origin: this.#self,
        epoch: 0,
        topic,
        reliability,
      },
      0,
    );
    this.#addFlow(flow);
    this.#attachments.announce(flow, 1);
    return flow;
  }

  #addFlow(flow: Flow): void {
    this.#flows.add(flow, this.#self);
    const idlest = this.#flows.idlest();
    if (!idlest) return;
    this.#endFlow(idlest, "forgotten");
    this.#forgetFlow(idlest);
  }

  // ---- for children

  lostUpTo(flow: Flow): number {
    return flow.origin === this.#self || flow.over ? flow.log.base : flow.log.floor;
  }

  catchUp(flow: Flow, after: number): void {
    if (flow.catchUp) return flow.catchUp.ask(after);
    flow.catchUp = new CatchUp(after, {
      log: flow.log,
      windowBytes: Math.min(this.#host.logBytes / 4, CATCH_UP_BYTES),
      hasRoom: () => this.#caughtUpIn !== this.#host.turn.count || this.#caughtUpBytes < this.#host.logBytes / 4,
      tell: () => this.#attachments.tell(flow),
      wake: () => flow.wakeBehind(),
    });
    this.#attachments.tell(flow);
  }

  /** A message has come that a child lacks. */
  #takeBehind(catchUp: CatchUp, bytes: Uint8Array, at: number, length: number, payloadFrom: number): void {
    const { count } = this.#host.turn;
    if (this.#caughtUpIn !== count) this.#caughtUpBytes = 0;
    this.#caughtUpIn = count;
    this.#caughtUpBytes += length;
    this.catchUpLog.appendFrame(catchUp.log, bytes, at, length, payloadFrom);
    this.log.shrink();
    catchUp.onTaken(length);
  }

  /** Whether `node` is a leaf of this node, or its place is kept. */
  holds(node: NodeId): Holds {
    const upstream = this.#attachments.of(node);
    if (upstream?.kind !== "leaf") return "no";
    if (upstream.edge) return "here";
    const { lostAtMs } = upstream;
    const isOver = lostAtMs !== undefined && this.#host.clock.now() - lostAtMs > LIMITS.leafLeaseMs;
    return isOver ? "no" : "kept";
  }

  declare(flow: Flow, edge: Edge): Uint8Array {
    const { home, incarnation, epoch } = this.#homeOf(flow, edge);
    const { number, origin, reliability, topic } = flow;
    return control.flow.encode({ flow: number, home, incarnation, origin, epoch, reliability, topic });
  }

  /** A leaf's flows are attached at its gateway, whichever that is just now, and in whatever life. */
  #homeOf(flow: Flow, edge: Edge): Pick<Flow, "home" | "incarnation" | "epoch"> {
    if (this.#isLeaf && flow.origin === this.#self)
      return { home: edge.id, incarnation: edge.peer.incarnation, epoch: this.#epoch };
    const isLeafOfOurs = flow.home === this.#self && flow.origin !== this.#self;
    return isLeafOfOurs ? { home: this.#self, incarnation: this.#host.incarnation(), epoch: flow.epoch } : flow;
  }

  onVolatileDrop(_flow: Flow, count: number): void {
    this.counters.volatileDrops += count;
  }

  // ---- flushing and forgetting

  #wake(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.#host.turn.read(this);
  }

  flush(): void {
    this.#queued = false;
    if (this.#closed) return;
    this.#attachments.flush();
    let soonestMs = Number.POSITIVE_INFINITY;
    const isActive = (pattern: string): boolean => {
      const waitMs = this.#attachments.waitMs(pattern);
      if (waitMs > 0) soonestMs = Math.min(soonestMs, waitMs);
      return waitMs <= 0;
    };
    const isJoined = this.#host.joined();
    if (isJoined) for (const want of this.#localWants) if (!want.isReady && isActive(want.pattern)) want.nowReady();
    this.#children.answer((pattern) => isJoined && isActive(pattern));
    // Who is still waited for gets its time; then the others are told.
    this.#patience?.[dispose]();
    if (Number.isFinite(soonestMs))
      this.#patience = this.#host.clock.setTimer(soonestMs, () => this.#host.turn.run(() => this.#wake()));
  }

  /** Forget a flow; who has not been told of its end is told now. */
  #forgetFlow(flow: Flow): void {
    this.#flows.delete(flow);
    this.#backlog.forget(flow);
    this.#attachments.forget(flow);
    flow.upstream?.flows.delete(flow);
    this.#children.forgetFlow(flow);
    this.#localWants.forgetFlow(flow);
  }

  /** Its readers are told once; until positions are forgotten the flow may go on. */
  #endFlow(flow: Flow, reason: EndReason): void {
    flow.orphanedAtMs = undefined;
    if (flow.over) return;
    flow.over = reason;
    for (const reader of flow.readers) reader.onEnd(flow, reason);
  }

  /** Nothing more is published here: whoever has heard all of it has lost nothing. */
  sayGoodbye(): void {
    for (const flow of this.#flows.own) this.#endFlow(flow, "goodbye");
  }

  /**
   * How far what this node has published was given to those who want it.
   * @param isReached Whether everybody who is known to want a topic reads it over some edge.
   */
  handover(isReached: (topic: string) => boolean): Handover {
    const topics: string[] = [];
    const edges = new Set<Edge>();
    let messages = 0;
    for (const flow of this.#flows.own) {
      const { head, base } = flow.log;
      let from = head + 1;
      for (const reader of flow.readers)
        if (reader instanceof Cursor) {
          edges.add(reader.edge);
          from = Math.min(from, reader.next);
        }
      const waitsFrom = this.#backlog.waitsFrom(flow);
      if (waitsFrom !== undefined && waitsFrom < from && !isReached(flow.topic)) from = waitsFrom;
      else if (from > head) continue;
      topics.push(flow.topic);
      messages += head - Math.max(from - 1, base);
    }
    return { messages, topics, edges };
  }

  #sweepLater(): void {
    this.#sweeper = this.#host.clock.setTimer(SWEEP_MS, () => {
      this.#host.turn.run(() => this.#sweep(this.#host.clock.now()));
      this.#sweepLater();
    });
  }

  #sweep(nowMs: number): void {
    this.log.sweep(nowMs, LIMITS.logAgeMs);
    for (const flow of this.#flows.orphans(nowMs)) this.#endFlow(flow, "origin-lost");
    for (const flow of this.#flows.sweep(nowMs)) this.#forgetFlow(flow);
    this.#attachments.sweep(nowMs);
  }

  close(): void {
    this.#sweeper?.[dispose]();
    this.#patience?.[dispose]();
    this.#closed = true;
    for (const want of [...this.#localWants]) this.unwant(want);
  }
}
