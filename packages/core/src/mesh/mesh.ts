/**
 * The control plane: originates this peer's record, floods everybody's, and derives routes and the directory from
 * them. A leaf originates nothing: it tells its gateway what it wants and offers, and the gateway stands for it.
 */
import type { Clock, Logger } from "../base/clock.ts";
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import type { Flushable, Turn } from "../base/turn.ts";
import type { Edge, LocalNode } from "../edge/index.ts";
import { control, FrameType, inFrames, Lane, type RecordBody, Writer } from "../wire/index.ts";
import { type NodeInfo, type ServiceInstance, servicesOf, subscribersOf } from "./directory.ts";
import { Records, type StoredRecord } from "./records.ts";
import { computeRoutes, type Route } from "./routes.ts";

export interface MeshOptions {
  readonly local: LocalNode;
  readonly clock: Clock;
  readonly turn: Turn;
  readonly logger: Logger;
  edges(): Iterable<Edge>;
  edge(id: NodeId): Edge | undefined;
  onJoin(node: NodeInfo): void;
  onLeave(node: NodeInfo, reason: string): void;
  /** Routes, records or the directory changed. */
  onChange(): void;
}

/** What this node itself puts into the directory. */
export interface OwnInterest {
  readonly topics: readonly string[];
  readonly services: readonly string[];
}

interface LeafInterest {
  readonly topics: readonly string[];
  readonly services: readonly string[];
}

/** How often expired records are looked for, in ms. */
const SWEEP_MS = 10_000;

export class Mesh implements Flushable {
  readonly #options: MeshOptions;
  readonly #records: Records;
  readonly #leafInterest = new Map<Edge, LeafInterest>();
  #timer: Disposable | undefined;
  #interest: OwnInterest = { topics: [], services: [] };
  #routes = new Map<NodeId, Route>();
  #known = new Map<NodeId, NodeInfo>();
  #incarnation: number;
  #sequence = 0;
  #originatedAtMs = 0;
  #queued = false;
  #stale = { record: true, routes: true };
  #synced = false;
  #gone = false;

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#incarnation = options.local.incarnation;
    this.#records = new Records(options.local.verifier);
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

  get incarnation(): number {
    return this.#incarnation;
  }

  // ---- questions

  /** Every peer with a record, this one included (unless a leaf). */
  get records(): ReadonlyMap<NodeId, StoredRecord> {
    return this.#records.byId;
  }

  /** The edge to hand things for `peer` to; undefined when no way is known. */
  nextHop(peer: NodeId): Edge | undefined {
    if (this.#isLeaf) return this.gateway;
    const direct = this.#options.edge(peer);
    if (direct?.role === "leaf") return undefined;
    const route = this.#routes.get(peer);
    return route && this.#options.edge(route.nextHop);
  }

  /** The edge a leaf hangs on. */
  get gateway(): Edge | undefined {
    for (const edge of this.#options.edges()) return edge;
    return undefined;
  }

  /** Hops to `peer`; Infinity when no way is known. */
  distance(peer: NodeId): number {
    if (peer === this.#self) return 0;
    const gateway = this.#isLeaf ? this.gateway?.id : undefined;
    if (peer === gateway) return 1;
    return (this.#routes.get(peer)?.cost ?? Number.POSITIVE_INFINITY) + (gateway ? 1 : 0);
  }

  /** Reachable peers, this one left out. */
  get peers(): IterableIterator<NodeInfo> {
    return this.#known.values();
  }

  /** Where `node` is reached, when the directory or an edge tells. */
  homeOf(node: NodeId): NodeId | undefined {
    if (node === this.#self) return this.#isLeaf ? this.gateway?.id : node;
    if (this.#records.byId.has(node)) return node;
    if (this.#options.edge(node)?.role === "leaf") return this.#self;
    for (const service of this.services()) if (service.owner === node) return service.home;
    return undefined;
  }

  /** With `isRead`, only those behind an edge that it says yes to: a node may be listed a hop before its attach has come. */
  subscribers(topic: string, isRead?: (edge: Edge) => boolean): { peers: NodeInfo[]; leaves: number } {
    const records = [...this.#records.byId.values()].filter(({ id }) => {
      if (!isRead || id === this.#self) return true;
      const edge = this.nextHop(id);
      return edge !== undefined && isRead(edge);
    });
    const { peers, leaves } = subscribersOf(records, topic);
    const ownLeaf = this.#isLeaf && subscribersOf([this.#ownAsRecord()], topic).peers.length;
    return { peers: peers.filter((peer) => peer.id !== this.#self), leaves: Math.max(0, leaves - Number(ownLeaf)) };
  }

  services(): Generator<ServiceInstance> {
    return servicesOf(this.#records.byId.values());
  }

  // ---- what this node says

  set interest(interest: OwnInterest) {
    this.#interest = interest;
    this.#touch("record");
  }

  /** Stop, with a last record that tells everybody at once that this peer is gone. */
  close(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#gone = true;
    if (!this.#isLeaf) this.#originate();
  }

  // ---- from edges

  onEdgeOpen(edge: Edge): void {
    if (this.#isLeaf) this.#records.renew(this.#options.clock.now());
    if (!this.#isLeaf) {
      for (const record of this.#records.byId.values()) edge.send(Lane.control, [record.frame]);
      edge.send(Lane.control, [control.synced.encode({})]);
    }
    this.#touch("record");
    this.#touch("routes");
  }

  onEdgeClosed(edge: Edge): void {
    this.#leafInterest.delete(edge);
    this.#touch("record");
    this.#touch("routes");
  }

  /** @returns Whether the frame was ours. @throws {MeshError} to close the edge. */
  onFrame(edge: Edge, type: number, frame: Uint8Array): boolean {
    switch (type) {
      case FrameType.record:
        if (edge.role === "leaf") throw new MeshError("malformed-frame", "a leaf originates no records");
        this.#onRecord(edge, frame.slice());
        return true;
      case FrameType.synced:
        this.#synced = true;
        this.#touch("routes");
        return true;
      case FrameType.interest: {
        if (edge.role !== "leaf") throw new MeshError("malformed-frame", `a ${edge.role} sent what only a leaf sends`);
        const { topics, services } = control.interest.decode(frame);
        if (topics.length > LIMITS.leafSubscriptions)
          throw new MeshError("too-large", `${topics.length} subscriptions of one leaf`);
        this.#leafInterest.set(edge, { topics, services });
        this.#touch("record");
        return true;
      }
      default:
        return false;
    }
  }

  #onRecord(edge: Edge, frame: Uint8Array): void {
    const record = this.#records.offer(frame, this.#options.clock.now());
    if (!record) return;
    if (record.id === this.#self && !this.#isLeaf) {
      // An earlier life of ours, or somebody's echo from the future: outlive it.
      if (record.incarnation > this.#incarnation) this.#incarnation = record.incarnation + 1;
      this.#sequence = Math.max(this.#sequence, record.sequence);
      this.#touch("record");
      return;
    }
    if (!this.#isLeaf) for (const other of this.#options.edges()) if (other !== edge) other.send(Lane.control, [frame]);
    this.#touch("routes");
  }

  // ---- deriving

  #touch(what: "record" | "routes"): void {
    this.#stale[what] = true;
    if (this.#queued) return;
    this.#queued = true;
    this.#options.turn.read(this);
  }

  flush(): void {
    this.#queued = false;
    if (this.#gone) return;
    if (this.#stale.record) {
      this.#stale.record = false;
      if (this.#isLeaf) this.#tellInterest();
      else this.#originate();
    }
    if (this.#stale.routes) {
      this.#stale.routes = false;
      this.#recompute();
    }
    this.#options.onChange();
  }

  #recompute(): void {
    const records = this.#records.byId;
    // A leaf sees the mesh as its gateway does.
    const root = this.#isLeaf ? this.gateway?.id : this.#self;
    const neighbours = this.#isLeaf
      ? (records.get(root ?? "")?.neighbours ?? [])
          .filter(({ id }) => records.get(id)?.neighbours.some((back) => back.id === root))
          .map(({ id }) => id)
      : [...this.#options.edges()].filter((edge) => edge.role !== "leaf").map((edge) => edge.id);
    this.#routes = root === undefined ? new Map() : computeRoutes(root, neighbours, records);
    const before = this.#known;
    this.#known = new Map();
    for (const record of records.values()) {
      if (record.id === this.#self || record.gone || !Number.isFinite(this.distance(record.id))) continue;
      this.#known.set(record.id, { id: record.id, name: record.name, role: record.role });
    }
    for (const node of this.#known.values()) if (!before.has(node.id)) this.#options.onJoin(node);
    for (const node of before.values()) {
      if (!this.#known.has(node.id))
        this.#options.onLeave(node, records.get(node.id)?.gone ? "goodbye" : "unreachable");
    }
  }

  #tellInterest(): void {
    const topics = this.#listed(this.#interest.topics, (pattern) => pattern);
    const services = this.#listed(this.#interest.services, (service) => service);
    this.gateway?.send(Lane.control, [control.interest.encode({ topics, services })]);
  }

  /**
   * What of the directory's entries there is room for: a record travels in one frame. Whoever has more to say is found
   * less well, but stays reachable: data flows by what is asked for.
   */
  #listed<T>(entries: readonly T[], textOf: (entry: T) => string): readonly T[] {
    const [listed = entries] = inFrames(entries, textOf);
    if (listed !== entries)
      this.#options.logger.log("warn", "directory full", { listed: listed.length, of: entries.length });
    return listed;
  }

  #originate(): void {
    this.#originatedAtMs = this.#options.clock.now();
    this.#sequence++;
    const writer = new Writer();
    control.recordBody.write(writer, this.#ownAsRecord());
    const body = writer.finish();
    const frame = control.record.encode({ body, signature: this.#options.local.identity.sign(body) });
    const record = this.#records.offer(frame, this.#originatedAtMs);
    if (!record) return; // our own earlier life is newer; its record is outlived on the next touch
    for (const edge of this.#options.edges()) edge.send(Lane.control, [frame]);
    this.#stale.routes = true;
  }

  #ownAsRecord(): StoredRecord {
    const { local } = this.#options;
    const leafTopics = new Map<string, number>();
    const services: RecordBody["services"][number][] = this.#interest.services.map((service) => ({
      service,
      owner: this.#self,
      ownerName: local.name,
    }));
    for (const [edge, interest] of this.#leafInterest) {
      for (const pattern of interest.topics) leafTopics.set(pattern, (leafTopics.get(pattern) ?? 0) + 1);
      for (const service of interest.services) services.push({ service, owner: edge.id, ownerName: edge.peer.name });
    }
    const own = new Set(this.#interest.topics);
    const patterns = new Set([...own, ...leafTopics.keys()]);
    const peers = [...this.#options.edges()].filter((edge) => edge.role !== "leaf");
    return {
      id: this.#self,
      incarnation: this.#incarnation,
      sequence: this.#sequence,
      role: local.role,
      name: local.name,
      publicKey: local.identity.publicKey,
      addresses: local.addresses(),
      neighbours: this.#gone ? [] : peers.map((edge) => ({ id: edge.id, cost: 1 })),
      leaves: [...this.#options.edges()].length - peers.length,
      topics: this.#listed([...patterns], (pattern) => pattern).map((pattern) => ({
        pattern,
        self: own.has(pattern),
        leaves: leafTopics.get(pattern) ?? 0,
      })),
      services: this.#listed(services, ({ service, ownerName }) => service + ownerName),
      gone: this.#gone,
      frame: new Uint8Array(0),
      expiresAtMs: 0,
    };
  }

  #sweepLater(): void {
    const { clock, turn } = this.#options;
    this.#timer = clock.setTimer(SWEEP_MS, () => {
      turn.run(() => {
        // A leaf without a gateway hears nobody; that says nothing about them.
        const hears = !this.#isLeaf || this.gateway !== undefined;
        if (hears && this.#records.expire(clock.now(), this.#self).length > 0) this.#touch("routes");
        if (clock.now() - this.#originatedAtMs >= TIMINGS.recordRefreshMs) this.#touch("record");
      });
      this.#sweepLater();
    });
  }
}
