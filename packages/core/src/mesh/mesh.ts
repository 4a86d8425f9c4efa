/**
 * The control plane: originates this peer's record and share of the directory, floods everybody's, and derives routes
 * and the directory from them. A leaf originates nothing: it tells its gateway what it wants and offers, and the gateway
 * stands for it.
 */
import type { Clock, Logger } from "../base/clock.ts";
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import { dispose } from "../base/platform.ts";
import { matches } from "../base/topic-pattern.ts";
import type { Flushable, Turn } from "../base/turn.ts";
import type { Edge, LocalNode } from "../edge/index.ts";
import { control, type DigestBody, FrameType, Lane, type RecordBody, Writer } from "../wire/index.ts";
import { Directory, type NodeInfo, type PeerWants, type ServiceInstance } from "./directory.ts";
import { EdgeCost } from "./edge-cost.ts";
import { LeafInterest } from "./leaf-interest.ts";
import { type Leaf, type OwnInterest, OwnShare } from "./own-share.ts";
import { Records, type StoredRecord } from "./records.ts";
import { computeRoutes, type Route } from "./routes.ts";
import { type Topology, topologyOf } from "./topology.ts";

export interface MeshOptions {
  readonly local: LocalNode;
  readonly clock: Clock;
  readonly turn: Turn;
  readonly logger: Logger;
  /** What this node itself wants and offers. */
  interest(): OwnInterest;
  edges(): Iterable<Edge>;
  edge(id: NodeId): Edge | undefined;
  onJoin(node: NodeInfo): void;
  onLeave(node: NodeInfo, reason: LeaveReason): void;
  /**
   * Something is known now that was not. @param moved Peers that are reached another way than before, or not any more, or
   *   live another life; this one when it does itself.
   */
  onChange(moved: ReadonlySet<NodeId>): void;
}

/** Why a peer cannot be reached any more: it said so, no way leads to it, or nothing was heard of it for too long. */
export type LeaveReason = "goodbye" | "unreachable" | "expired";

const NOBODY: ReadonlySet<NodeId> = new Set();

/** What may have changed since it was last told or computed. */
type Stale = "record" | "share" | "routes" | "directory";

/** How often expired records are looked for, in ms. */
const SWEEP_MS = 10_000;
/** Who was asked for what is missing is not asked again for so long, in ms. */
const ASK_AGAIN_MS = 1_000;

export class Mesh implements Flushable {
  readonly #options: MeshOptions;
  readonly #records: Records;
  readonly #directory: Directory;
  readonly #share: OwnShare;
  readonly #leafInterest = new LeafInterest();
  /** What this peer's edges to other peers cost. */
  readonly #costs = new Map<Edge, EdgeCost>();
  /** Neighbours that asked for all there is, and those that have told all they had. */
  readonly #answered = new WeakSet<Edge>();
  readonly #syncedWith = new WeakSet<Edge>();
  /** When who was last asked for the missing part of a peer's share. */
  readonly #askedAtMs = new Map<NodeId, WeakMap<Edge, number>>();
  #routes = new Map<NodeId, Route>();
  #known = new Map<NodeId, NodeInfo>();
  /** Whose life has changed since routes were computed. */
  #changedLives = new Set<NodeId>();
  #incarnation: number;
  #sequence = 0;
  /** The version that this peer's share has come to. */
  #version = 0;
  /** Until when what was told so far would have taken at an even pace (the generic cell rate algorithm, ITU-T I.371). */
  #toldUntilMs = Number.NEGATIVE_INFINITY;
  #originatedAtMs = Number.NEGATIVE_INFINITY;
  #routedAtMs = Number.NEGATIVE_INFINITY;
  #sweeper: Disposable | undefined;
  /** Set while something waits for its pause to be over. */
  #pause: Disposable | undefined;
  #queued = false;
  #interestChanged = false;
  readonly #stale: Record<Stale, boolean> = { record: true, share: true, routes: true, directory: false };
  /** The gateway that knows what this leaf wants. */
  #toldGateway: Edge | undefined;
  #synced = false;
  #gone = false;

  constructor(options: MeshOptions) {
    const { local } = options;
    this.#options = options;
    this.#incarnation = local.incarnation;
    this.#records = new Records(local.verifier, local.identity.id);
    this.#directory = new Directory(local.verifier, local.identity.id);
    this.#share = new OwnShare({ id: local.identity.id, name: local.name });
    this.#sweepLater();
    this.#touch("record");
  }

  get #self(): NodeId {
    return this.#options.local.identity.id;
  }

  get #isLeaf(): boolean {
    return this.#options.local.role === "leaf";
  }

  /** A neighbour has told all it knows: the directory can be believed. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Whether all that was heard is reckoned with. Others may know already what a pause still holds back here. */
  get settled(): boolean {
    return !this.#stale.routes;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  // ---- questions

  /** What is held of others, and what there was no room for. */
  get holdings(): { readonly peers: number; readonly entries: number; readonly refused: number } {
    const { refused } = this.#records;
    return {
      peers: this.#records.byId.size,
      entries: this.#directory.entries,
      refused: refused + this.#directory.refused,
    };
  }

  /** Every peer with a record, this one included (unless a leaf). */
  get records(): ReadonlyMap<NodeId, StoredRecord> {
    return this.#records.byId;
  }

  /** The edge to hand things for `peer` to; undefined when no way is known. */
  nextHop(peer: NodeId): Edge | undefined {
    if (this.#isLeaf) return this.gateway;
    const route = this.#routes.get(peer);
    return route && this.#options.edge(route.nextHop);
  }

  /** The edge a leaf hangs on. */
  get gateway(): Edge | undefined {
    for (const edge of this.#options.edges()) return edge;
    return undefined;
  }

  /** What the way to `peer` costs, in microseconds; Infinity when none is known. */
  distance(peer: NodeId): number {
    if (peer === this.#self) return 0;
    if (this.#isLeaf && peer === this.gateway?.id) return 0;
    return this.#routes.get(peer)?.cost ?? Number.POSITIVE_INFINITY;
  }

  /** Reachable peers, this one left out. */
  get peers(): IterableIterator<NodeInfo> {
    return this.#known.values();
  }

  get topology(): Topology {
    const { identity, name, role } = this.#options.local;
    const gateway = this.#isLeaf ? this.gateway : undefined;
    const hangsOn = gateway && { id: gateway.id, latencyMs: gateway.latency.roundTripMs };
    return topologyOf({ id: identity.id, name, role }, this.peers, this.records, hangsOn);
  }

  /** Where `node` is reached, when the directory or an edge tells. */
  homeOf(node: NodeId): NodeId | undefined {
    if (node === this.#self) return this.#isLeaf ? this.gateway?.id : node;
    if (this.#records.byId.has(node)) return node;
    if (this.#options.edge(node)?.role === "leaf") return this.#self;
    return this.#directory.homeOf(node);
  }

  /** With `isRead`, only those behind an edge that it says yes to: a node may be listed a hop before its attach has come. */
  subscribers(topic: string, isRead?: (edge: Edge) => boolean): { peers: NodeInfo[]; leaves: number } {
    const { peers, leaves } = this.#directory.subscribers(topic, (id) => {
      if (id === this.#self) return true;
      if (!isRead) return this.isReachable(id);
      const edge = this.nextHop(id);
      return edge !== undefined && isRead(edge);
    });
    const ownLeaf = this.#isLeaf && this.#options.interest().topics.some((pattern) => matches(pattern, topic));
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
    return this.#share.leavesOf(topic);
  }

  /** Where objects of this name are exposed. */
  instances(service: string): Iterable<ServiceInstance> {
    return this.#directory.instances(service);
  }

  /** Every exposed object in the mesh. */
  services(): Iterable<ServiceInstance> {
    return this.#directory.services();
  }

  isReachable(peer: NodeId): boolean {
    return peer === this.#self || this.#known.has(peer);
  }

  // ---- what this node says

  /** What this node itself wants or offers has changed. */
  onInterestChanged(): void {
    this.#interestChanged = true;
    this.#touch("share");
  }

  /** Stop, with a last record that tells everybody at once that this peer is gone. */
  close(): void {
    this.#sweeper?.[dispose]();
    this.#pause?.[dispose]();
    this.#sweeper = undefined;
    this.#gone = true;
    if (!this.#isLeaf) this.#originate();
  }

  // ---- from edges

  onEdgeOpen(edge: Edge): void {
    if (this.#isLeaf) this.#records.renew(this.#options.clock.now());
    else if (edge.role !== "leaf") this.#costs.set(edge, new EdgeCost(edge.latency.roundTripMs));
    if (this.#isLeaf || edge.role !== "leaf") edge.send(Lane.control, [this.#digest()]);
    this.#touch("record", "share");
    this.#touchRoutesNow();
  }

  onEdgeClosed(edge: Edge): void {
    this.#share.leafLeft(edge, { id: edge.id, name: edge.peer.name });
    this.#touch("share");
    if (!this.#isLeaf && !this.#costs.delete(edge)) return;
    this.#touch("record");
    this.#touchRoutesNow();
  }

  /** The round trip over `edge` was measured once more. */
  onMeasured(edge: Edge): void {
    const changed = this.#costs.get(edge)?.measured(edge.latency.roundTripMs!);
    if (changed) this.#touch("record", "routes");
  }

  /** @returns Whether the frame was ours. @throws {MeshError} to close the edge. */
  onFrame(edge: Edge, type: number, frame: Uint8Array): boolean {
    switch (type) {
      case FrameType.record:
        this.#fromPeer(edge);
        this.#onRecord(edge, frame);
        return true;
      case FrameType.share:
        this.#fromPeer(edge);
        this.#onShare(edge, frame);
        return true;
      case FrameType.digest:
        this.#onDigest(edge, control.digest.decode(frame));
        return true;
      case FrameType.synced:
        this.#fromPeer(edge);
        if (this.#syncedWith.has(edge)) return true;
        this.#syncedWith.add(edge);
        this.#synced = true;
        this.#touchRoutesNow();
        return true;
      case FrameType.interest: {
        if (edge.role !== "leaf") throw new MeshError("malformed-frame", `a ${edge.role} sent what only a leaf sends`);
        const leaf = { id: edge.id, name: edge.peer.name };
        const subscriptions = this.#share.leafTold(edge, leaf, control.interest.decode(frame));
        if (subscriptions > LIMITS.leafSubscriptions)
          throw new MeshError("too-large", `${subscriptions} subscriptions of one leaf`);
        this.#touch("share");
        return true;
      }
      default:
        return false;
    }
  }

  #fromPeer(edge: Edge): void {
    if (edge.role === "leaf") throw new MeshError("malformed-frame", "a leaf has nothing to tell of peers");
  }

  #onRecord(edge: Edge, frame: Uint8Array): void {
    const { refused } = this.#records;
    const record = this.#records.offer(frame, this.#options.clock.now());
    if (!record) {
      if (refused === 0 && this.#records.refused > 0)
        this.#options.logger.log("warn", "mesh full", { peers: this.#records.byId.size });
      return;
    }
    if (record.id === this.#self && !this.#isLeaf) return this.#outlive(record);
    const held = this.#directory.version(record);
    if (record.gone || held === 0) this.#directory.forget(record.id);
    if (record.directory > held && !record.gone && this.#syncedWith.has(edge)) this.#ask(edge, record);
    this.#flood(record.frame, edge);
    if (record.news === "life") this.#changedLives.add(record.id);
    if (record.news !== "none") this.#touch("routes");
  }

  /** An earlier life of ours, or an echo of this one. */
  #outlive({ incarnation, sequence }: StoredRecord): void {
    if (incarnation > this.#incarnation) {
      this.#incarnation = incarnation + 1;
      this.#share.tellWhole();
      this.#changedLives.add(this.#self);
      this.#touch("share", "routes");
    }
    this.#sequence = Math.max(this.#sequence, sequence);
    this.#touch("record");
  }

  #onShare(edge: Edge, frame: Uint8Array): void {
    const news = this.#directory.offer(frame, (id) => (id === this.#self ? undefined : this.#records.byId.get(id)));
    switch (news.on) {
      case "old":
        return;
      case "behind":
        return this.#ask(edge, news.record);
      case "refused":
        this.#options.logger.log("warn", "share too large", { peer: news.record.id, bytes: LIMITS.shareBytes });
        return;
      case "news":
        this.#askedAtMs.delete(news.record.id);
        this.#flood(news.frame, edge);
        this.#touch("directory");
    }
  }

  /** Part of a peer's share is missing: whoever knew of it has it. One who does not answer keeps nobody else from it. */
  #ask(edge: Edge, record: StoredRecord): void {
    const nowMs = this.#options.clock.now();
    let askedAtMs = this.#askedAtMs.get(record.id);
    if (!askedAtMs) this.#askedAtMs.set(record.id, (askedAtMs = new WeakMap()));
    if (nowMs - (askedAtMs.get(edge) ?? Number.NEGATIVE_INFINITY) < ASK_AGAIN_MS) return;
    askedAtMs.set(edge, nowMs);
    edge.send(Lane.control, [control.digest.encode({ whole: false, known: [this.#holds(record)] })]);
  }

  #holds({ id, incarnation, sequence }: StoredRecord): DigestBody["known"][number] {
    return { id, incarnation, sequence, directory: this.#directory.version({ id, incarnation }) };
  }

  #digest(): Uint8Array {
    const known = [...this.#records.byId.values()].map((record) => this.#holds(record));
    return control.digest.encode({ whole: true, known });
  }

  /** Tell a neighbour what it lacks. */
  #onDigest(edge: Edge, { whole, known }: DigestBody): void {
    if (this.#isLeaf) throw new MeshError("malformed-frame", "a leaf has nothing to tell of others");
    if (whole && this.#answered.has(edge))
      throw new MeshError("malformed-frame", `${edge.peer.name} asked for everything twice`);
    const theirs = new Map(known.map((held) => [held.id, held]));
    const nowMs = this.#options.clock.now();
    for (const id of whole ? this.#records.byId.keys() : theirs.keys()) {
      const record = this.#records.byId.get(id);
      if (!record) continue;
      const held = theirs.get(id);
      const isSameLife = held?.incarnation === record.incarnation;
      if (!held || held.incarnation < record.incarnation || (isSameLife && held.sequence < record.sequence))
        edge.send(Lane.control, [this.#records.aged(record, nowMs)]);
      for (const frame of this.#directory.since(record, isSameLife ? held.directory : 0))
        edge.send(Lane.control, [frame]);
    }
    if (!whole) return;
    this.#answered.add(edge);
    edge.send(Lane.control, [control.synced.encode({})]);
  }

  #flood(frame: Uint8Array, except?: Edge): void {
    if (this.#isLeaf) return;
    for (const edge of this.#options.edges()) if (edge !== except) edge.send(Lane.control, [frame]);
  }

  // ---- deriving

  #touch(...what: Stale[]): void {
    for (const name of what) this.#stale[name] = true;
    if (this.#queued) return;
    this.#queued = true;
    this.#options.turn.read(this);
  }

  /** An edge came or went, or all there is to know is known: what depends on it must not wait. */
  #touchRoutesNow(): void {
    this.#routedAtMs = Number.NEGATIVE_INFINITY;
    this.#touch("routes");
  }

  flush(): void {
    this.#queued = false;
    if (this.#gone) return;
    const nowMs = this.#options.clock.now();
    const toTellMs = this.#toldUntilMs - TIMINGS.recordBurst * TIMINGS.recordPauseMs - nowMs;
    const toRouteMs = this.#routedAtMs + TIMINGS.routesPauseMs - nowMs;
    const isToTell = this.#stale.record || this.#stale.share;
    if (isToTell && this.#isLeaf) this.#tellInterest();
    else if (isToTell && toTellMs <= 0) this.#tell(nowMs);
    if (this.#stale.routes && toRouteMs <= 0) {
      this.#recompute();
      // Where it takes long, because of many edges or of what somebody invented, it does so a quarter of the time at most.
      const endedAtMs = this.#options.clock.now();
      this.#routedAtMs = endedAtMs + 3 * (endedAtMs - nowMs);
    } else if (this.#stale.directory) this.#options.onChange(NOBODY);
    this.#stale.directory = false;
    this.#pauseFor(
      Math.min(
        this.#stale.record || this.#stale.share ? toTellMs : Number.POSITIVE_INFINITY,
        this.#stale.routes ? toRouteMs : Number.POSITIVE_INFINITY,
      ),
    );
  }

  #pauseFor(delayMs: number): void {
    this.#pause?.[dispose]();
    this.#pause = undefined;
    if (!Number.isFinite(delayMs)) return;
    this.#pause = this.#options.clock.setTimer(Math.max(0, delayMs), () => this.#options.turn.run(() => this.#touch()));
  }

  #recompute(): void {
    this.#stale.routes = false;
    const records = this.#records.byId;
    // A leaf sees the mesh as its gateway does.
    const root = this.#isLeaf ? this.gateway?.id : this.#self;
    const edges = this.#isLeaf
      ? (records.get(root ?? "")?.costs ?? new Map<NodeId, number>())
      : new Map([...this.#costs].map(([edge, cost]) => [edge.id, cost.micros]));
    const before = { routes: this.#routes, known: this.#known };
    this.#routes = root === undefined ? new Map() : computeRoutes(root, edges, records);
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

  // ---- telling

  #tellInterest(): void {
    this.#stale.record = false;
    this.#stale.share = false;
    const { gateway } = this;
    if (!gateway) return;
    const isNew = gateway !== this.#toldGateway;
    this.#toldGateway = gateway;
    for (const change of this.#leafInterest.changes(this.#options.interest(), isNew))
      gateway.send(Lane.control, [control.interest.encode(change)]);
  }

  #tell(nowMs: number): void {
    this.#toldUntilMs = Math.max(this.#toldUntilMs, nowMs) + TIMINGS.recordPauseMs;
    if (this.#stale.record) this.#originate();
    // What is said below needs a record that it belongs to; one of an earlier life is outlived first.
    if (this.#stale.record) return;
    this.#stale.share = false;
    if (this.#interestChanged) this.#share.own = this.#options.interest();
    this.#interestChanged = false;
    if (!this.#share.changed) return;
    const { identity, name } = this.#options.local;
    for (const change of this.#share.changes()) {
      const body = encoded(control.shareBody, {
        id: identity.id,
        incarnation: this.#incarnation,
        version: ++this.#version,
        ...change,
      });
      const frame = control.share.encode({ body, signature: identity.sign(body) });
      this.#directory.offer(frame, (id) => this.#records.byId.get(id));
      this.#flood(frame);
    }
    if (this.#share.unlisted > 0)
      this.#options.logger.log("warn", "directory full", { name, unlisted: this.#share.unlisted });
    this.#stale.directory = true;
  }

  #originate(): void {
    const nowMs = this.#options.clock.now();
    this.#sequence++;
    const { identity } = this.#options.local;
    const body = encoded(control.recordBody, this.#ownRecord());
    const frame = control.record.encode({ ageMs: 0, body, signature: identity.sign(body) });
    if (!this.#records.offer(frame, nowMs)) return; // an earlier life of ours is newer; it is outlived on the next touch
    this.#originatedAtMs = nowMs;
    this.#stale.record = false;
    this.#stale.directory = true;
    this.#flood(frame);
  }

  #ownRecord(): RecordBody {
    const { local } = this.#options;
    return {
      id: this.#self,
      incarnation: this.#incarnation,
      sequence: this.#sequence,
      role: local.role,
      name: local.name,
      publicKey: local.identity.publicKey,
      addresses: local.addresses(),
      neighbours: this.#gone
        ? []
        : [...this.#costs].slice(0, LIMITS.neighbours).map(([edge, cost]) => ({ id: edge.id, cost: cost.micros })),
      directory: this.#version,
      gone: this.#gone,
    };
  }

  #sweepLater(): void {
    const { clock, turn } = this.#options;
    this.#sweeper = clock.setTimer(SWEEP_MS, () => {
      turn.run(() => {
        // A leaf without a gateway hears nobody; that says nothing about them.
        const hears = !this.#isLeaf || this.gateway !== undefined;
        const expired = hears ? this.#records.expire(clock.now()) : [];
        for (const { id } of expired) {
          this.#directory.forget(id);
          this.#askedAtMs.delete(id);
          this.#changedLives.add(id);
        }
        if (expired.length > 0) this.#touch("routes");
        if (!this.#isLeaf && clock.now() - this.#originatedAtMs >= TIMINGS.recordRefreshMs) this.#touch("record");
      });
      this.#sweepLater();
    });
  }
}

const reasonOf = (record: StoredRecord | undefined): LeaveReason =>
  record ? (record.gone ? "goodbye" : "unreachable") : "expired";

function encoded<T>(field: { write(writer: Writer, value: T): void }, value: T): Uint8Array {
  const writer = new Writer();
  field.write(writer, value);
  return writer.finish();
}
