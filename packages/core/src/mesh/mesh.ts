/**
 * The control plane: what is known of the mesh, and the routes that follow from it. What neighbours tell of all peers is read
 * by `exchange.ts`; what this node says itself depends on its role, and is its speaker's (`speaker.ts`).
 */
import type { Clock, Logger } from "../base/clock.ts";
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { TIMINGS } from "../base/limits.ts";
import { dispose } from "../base/platform.ts";
import { matches } from "../base/topic-pattern.ts";
import type { Flushable, Turn } from "../base/turn.ts";
import type { Edge, LocalNode } from "../edge/index.ts";
import { FrameType } from "../wire/index.ts";
import { Directory, type NodeInfo, type PeerWants, type ServiceInstance } from "./directory.ts";
import { Exchange } from "./exchange.ts";
import type { Leaf, OwnInterest } from "./interest.ts";
import { type OldNews, Records, type StoredRecord } from "./records.ts";
import { computeRoutes, type Route } from "./routes.ts";
import type { Speaker, SpeakerOptions } from "./speaker.ts";
import { type Topology, topologyOf } from "./topology.ts";

export interface MeshOptions {
  readonly local: LocalNode;
  readonly clock: Clock;
  readonly turn: Turn;
  readonly logger: Logger;
  /** What the node says is another matter for a peer than for a leaf. */
  speaker(options: SpeakerOptions): Speaker;
  /** What this node itself wants and offers. */
  interest(): OwnInterest;
  edges(): Iterable<Edge>;
  edge(id: NodeId): Edge | undefined;
  onJoin(node: NodeInfo): void;
  onLeave(node: NodeInfo, reason: LeaveReason): void;
  /** A peer lives anew, or this node does: at once, while what else is new may come later. */
  onNewLife(id: NodeId): void;
  /**
   * Something is known now that was not. @param moved Peers that are reached another way than before, or not any more, or
   *   live another life; this one when it does itself.
   */
  onChange(moved: ReadonlySet<NodeId>): void;
}

/** What is held of the mesh: how many peers, and entries of what they want and offer. */
export interface Holdings {
  readonly peers: number;
  readonly entries: number;
  /** What there was no room for: records, and changes to what a peer wants and offers. */
  readonly refused: number;
  /** News of peers that say too much, which were passed on later and together. */
  readonly heldBack: number;
}

/** Why a peer cannot be reached any more: it said so, no way leads to it, or nothing was heard of it for too long. */
export type LeaveReason = "goodbye" | "unreachable" | "expired";

const NOBODY: ReadonlySet<NodeId> = new Set();

/** How often expired records are looked for, in ms. */
const SWEEP_MS = 10_000;

export class Mesh implements Flushable {
  readonly #options: MeshOptions;
  readonly #records: Records;
  readonly #directory: Directory;
  readonly #speaker: Speaker;
  readonly #exchange: Exchange;
  #routes = new Map<NodeId, Route>();
  #known = new Map<NodeId, NodeInfo>();
  /** Whose life has changed since routes were computed. */
  #changedLives = new Set<NodeId>();
  /** Routes that were needed before their pause was over, until something changes again. */
  #early: Map<NodeId, Route> | undefined;
  #routedAtMs = Number.NEGATIVE_INFINITY;
  #sweeper: Disposable | undefined;
  /** Set while something waits for its pause to be over. */
  #pause: Disposable | undefined;
  #queued = false;
  #routesStale = true;
  #directoryStale = false;
  #synced = false;
  #gone = false;

  constructor(options: MeshOptions) {
    const { local, clock, logger } = options;
    this.#options = options;
    const records = new Records(local.verifier, local.identity.id);
    const directory = new Directory(local.verifier, local.identity.id);
    this.#records = records;
    this.#directory = directory;
    this.#speaker = options.speaker({
      local,
      clock,
      logger,
      records,
      directory,
      interest: () => options.interest(),
      edges: () => options.edges(),
    });
    this.#exchange = new Exchange({
      self: local.identity.id,
      clock,
      logger,
      records,
      directory,
      onRecord: (record, from) => this.#speaker.onRecord(record, from),
      onShare: (record, from) => this.#speaker.onShare(record, from),
      onOldRecord: (frame, from) => this.#speaker.onOldRecord(frame, from),
    });
    this.#sweepLater();
    this.#touch();
  }

  get #self(): NodeId {
    return this.#options.local.identity.id;
  }

  /** A neighbour has told all it knows: the directory can be believed. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Whether all that was heard is reckoned with. Others may know already what a pause still holds back here. */
  get settled(): boolean {
    return !this.#routesStale;
  }

  get incarnation(): number {
    return this.#speaker.incarnation;
  }

  // ---- questions

  get holdings(): Holdings {
    const { refused } = this.#records;
    return {
      peers: this.#records.byId.size,
      entries: this.#directory.entries,
      refused: refused + this.#directory.refused,
      heldBack: this.#speaker.heldBack,
    };
  }

  get oldNews(): OldNews {
    const [records, shares] = [this.#records.old, this.#directory.old];
    return {
      knownNews: records.knownNews + shares.knownNews,
      strayNews: records.strayNews + shares.strayNews,
    };
  }

  /** Every peer with a record, this one included (unless a leaf). */
  get records(): ReadonlyMap<NodeId, StoredRecord> {
    return this.#records.byId;
  }

  /** The edge to hand things for `peer` to; undefined when no way is known. */
  nextHop(peer: NodeId): Edge | undefined {
    const route = this.#routes.get(peer);
    return this.gateway ?? (route && this.#options.edge(route.nextHop));
  }

  /**
   * As `nextHop`, also for a peer that has just come, to which routes wait for their pause: whoever was asked something by it
   * answers at once. Nothing else changes before its time.
   */
  wayTo(peer: NodeId): Edge | undefined {
    const known = this.nextHop(peer);
    if (known || !this.#routesStale || !this.#records.byId.has(peer)) return known;
    const nowMs = this.#options.clock.now();
    if (!this.#early && this.#routedAtMs <= nowMs) {
      this.#early = this.#computed();
      this.#routedAtMs = this.#restedFrom(nowMs);
    }
    const route = this.#early?.get(peer);
    return route && this.#options.edge(route.nextHop);
  }

  /** The edge a leaf hangs on. */
  get gateway(): Edge | undefined {
    return this.#speaker.gateway;
  }

  /** What the way to `peer` costs, in microseconds; Infinity when none is known. */
  distance(peer: NodeId): number {
    if (peer === this.#self || peer === this.gateway?.id) return 0;
    return this.#routes.get(peer)?.cost ?? Number.POSITIVE_INFINITY;
  }

  /** Reachable peers, this one left out. */
  get peers(): IterableIterator<NodeInfo> {
    return this.#known.values();
  }

  get topology(): Topology {
    const { identity, name, role } = this.#options.local;
    const { gateway } = this;
    const hangsOn = gateway && { id: gateway.id, latencyMs: gateway.latency.roundTripMs };
    return topologyOf({ id: identity.id, name, role }, this.peers, this.records, hangsOn);
  }

  /** Where `node` is reached, when the directory or an edge tells. */
  homeOf(node: NodeId): NodeId | undefined {
    if (node === this.#self) return this.#speaker.home;
    if (this.#records.byId.has(node)) return node;
    const listed = this.#directory.lastPlaceOf(node, this.#isReached);
    const edge = this.#options.edge(node);
    if (edge?.role !== "leaf") return listed?.instance.home;
    const isElsewhere = listed && listed.arrival > edge.arrival && this.isReachable(listed.instance.home);
    return isElsewhere ? listed.instance.home : this.#self;
  }

  /** With `isRead`, only those behind an edge that it says yes to: a node may be listed a hop before its attach has come. */
  subscribers(topic: string, isRead?: (edge: Edge) => boolean): { peers: NodeInfo[]; leaves: number } {
    const { peers, leaves } = this.#directory.subscribers(topic, (id) => {
      if (id === this.#self) return true;
      if (!isRead) return this.isReachable(id);
      const edge = this.nextHop(id);
      return edge !== undefined && isRead(edge);
    });
    const { local, interest } = this.#options;
    const ownLeaf = local.role === "leaf" && interest().topics.some((pattern) => matches(pattern, topic));
    return {
      peers: peers.flatMap((id) => this.#known.get(id) ?? []),
      leaves: Math.max(0, leaves - Number(ownLeaf)),
    };
  }

  /** Reachable peers that want `topic`, themselves or for leaves; this one among them. */
  *wantsOf(topic: string): Generator<readonly [peer: NodeInfo, wants: PeerWants]> {
    const { identity, name, role } = this.#options.local;
    const self: NodeInfo = { id: identity.id, name, role };
    for (const [id, wants] of this.#directory.wantsOf(topic)) {
      const peer = id === this.#self ? self : this.#known.get(id);
      if (peer) yield [peer, wants];
    }
  }

  /** The leaves on this gateway that want `topic`, by id. */
  leavesOf(topic: string): ReadonlyMap<NodeId, Leaf> {
    return this.#speaker.leavesOf(topic);
  }

  /** Every exposed object in the mesh. */
  services(): Iterable<ServiceInstance> {
    return this.#directory.services();
  }

  readonly #isReached = (peer: NodeId): boolean => this.isReachable(peer);

  isReachable(peer: NodeId): boolean {
    return peer === this.#self || this.#known.has(peer);
  }

  // ---- what this node says

  /** What this node itself wants or offers has changed. */
  onInterestChanged(): void {
    this.#speaker.onInterestChanged();
    this.#touch();
  }

  /** Stop, with a last word that tells everybody at once that this peer is gone. */
  close(): void {
    this.#sweeper?.[dispose]();
    this.#pause?.[dispose]();
    this.#sweeper = undefined;
    this.#gone = true;
    this.#speaker.goodbye();
  }

  // ---- from edges

  onEdgeOpen(edge: Edge): void {
    this.#speaker.onEdgeOpen(edge);
    if (edge.role !== "leaf") this.#exchange.begin(edge);
    this.#touchRoutesNow();
  }

  onEdgeClosed(edge: Edge): void {
    if (this.#speaker.onEdgeClosed(edge)) this.#touchRoutesNow();
    else this.#touch();
  }

  /** The round trip over `edge` was measured once more. */
  onMeasured(edge: Edge): void {
    if (this.#speaker.onMeasured(edge)) this.#touchRoutes();
  }

  /** @returns Whether the frame was ours. @throws {MeshError} to close the edge. */
  onFrame(edge: Edge, type: number, frame: Uint8Array): boolean {
    switch (type) {
      case FrameType.record:
        this.#fromPeer(edge);
        this.#onRecord(this.#exchange.onRecord(edge, frame));
        return true;
      case FrameType.share:
        this.#fromPeer(edge);
        if (this.#exchange.onShare(edge, frame)) this.#touchDirectory();
        return true;
      case FrameType.synced:
        this.#fromPeer(edge);
        if (!this.#exchange.onSynced(edge)) return true;
        this.#synced = true;
        this.#touchRoutesNow();
        return true;
      default:
        if (!this.#speaker.onFrame(edge, type, frame)) return false;
        this.#touch();
        return true;
    }
  }

  #fromPeer(edge: Edge): void {
    if (edge.role === "leaf") throw new MeshError("malformed-frame", "a leaf has nothing to tell of peers");
  }

  #onRecord(news: StoredRecord | undefined): void {
    if (!news) return;
    const isOwn = news.id === this.#self;
    if (isOwn ? this.#speaker.outlive(news) : news.news === "life") {
      this.#changedLives.add(news.id);
      this.#options.onNewLife(news.id);
    }
    if (isOwn || news.news !== "none") this.#touchRoutes();
    else this.#touch();
  }

  // ---- deriving

  #touch(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.#options.turn.read(this);
  }

  #touchDirectory(): void {
    this.#directoryStale = true;
    this.#touch();
  }

  #touchRoutes(): void {
    this.#routesStale = true;
    this.#early = undefined;
    this.#touch();
  }

  /** An edge came or went, or all there is to know is known: what depends on it must not wait. */
  #touchRoutesNow(): void {
    this.#routedAtMs = Number.NEGATIVE_INFINITY;
    this.#touchRoutes();
  }

  flush(): void {
    this.#queued = false;
    if (this.#gone) return;
    const nowMs = this.#options.clock.now();
    if (this.#speaker.dueInMs(nowMs) <= 0 && this.#speaker.tell(nowMs)) this.#directoryStale = true;
    if (this.#routesStale && this.#routesDueInMs(nowMs) <= 0) {
      this.#recompute();
      this.#routedAtMs = this.#restedFrom(nowMs);
    } else if (this.#directoryStale) this.#options.onChange(NOBODY);
    this.#directoryStale = false;
    this.#pauseFor(
      Math.min(this.#speaker.dueInMs(nowMs), this.#routesStale ? this.#routesDueInMs(nowMs) : Number.POSITIVE_INFINITY),
    );
  }

  /** Where routes take long, because of many edges or of what somebody invented, they do so a quarter of the time at most. */
  #restedFrom(beganAtMs: number): number {
    const endedAtMs = this.#options.clock.now();
    return endedAtMs + 3 * (endedAtMs - beganAtMs);
  }

  #computed(): Map<NodeId, Route> {
    const { home, costs } = this.#speaker;
    return home !== undefined && costs ? computeRoutes(home, costs, this.#records.byId) : new Map();
  }

  #routesDueInMs(nowMs: number): number {
    return this.#routedAtMs + TIMINGS.routesPauseMs - nowMs;
  }

  #pauseFor(delayMs: number): void {
    this.#pause?.[dispose]();
    this.#pause = undefined;
    if (!Number.isFinite(delayMs)) return;
    this.#pause = this.#options.clock.setTimer(Math.max(0, delayMs), () => this.#options.turn.run(() => this.#touch()));
  }

  #recompute(): void {
    this.#routesStale = false;
    const records = this.#records.byId;
    const before = { routes: this.#routes, known: this.#known };
    this.#routes = this.#early ?? this.#computed();
    this.#early = undefined;
    this.#known = new Map();
    for (const { id, name, role, gone } of records.values()) {
      if (id === this.#self || gone || !Number.isFinite(this.distance(id))) continue;
      const isSameLife = !this.#changedLives.has(id);
      this.#known.set(id, (isSameLife && before.known.get(id)) || { id, name, role });
    }
    const moved = this.#changedLives;
    this.#changedLives = new Set();
    for (const [id, { nextHop }] of this.#routes) if (before.routes.get(id)?.nextHop !== nextHop) moved.add(id);
    for (const id of before.routes.keys()) if (!this.#routes.has(id)) moved.add(id);
    for (const node of before.known.values())
      if (this.#known.get(node.id) !== node) this.#options.onLeave(node, reasonOf(records.get(node.id)));
    for (const node of this.#known.values()) if (before.known.get(node.id) !== node) this.#options.onJoin(node);
    this.#options.onChange(moved);
  }

  #sweepLater(): void {
    const { clock, turn } = this.#options;
    const dueMs = clock.now() + SWEEP_MS;
    this.#sweeper = clock.setTimer(SWEEP_MS, () => {
      turn.run(() => {
        // Who was asleep has heard nobody meanwhile; that says nothing about them.
        if (clock.now() - dueMs >= TIMINGS.recordRefreshMs) this.#records.renew(clock.now());
        // Nor does it when a leaf without a gateway hears nobody.
        const hears = this.#speaker.home !== undefined;
        const expired = hears ? this.#records.expire(clock.now()) : [];
        for (const { id } of expired) {
          this.#directory.forget(id);
          this.#exchange.forget(id);
          this.#changedLives.add(id);
        }
        if (expired.length > 0) this.#touchRoutes();
        if (this.#speaker.refresh(clock.now())) this.#touch();
      });
      this.#sweepLater();
    });
  }
}

const reasonOf = (record: StoredRecord | undefined): LeaveReason =>
  record ? (record.gone ? "goodbye" : "unreachable") : "expired";
