/**
 * The rooms of one node, wired together: what each needs of the others, and who hears of what. What a user sees of them is
 * `node.ts`.
 */
import { allowAll } from "./auth/index.ts";
import { type Clock, type Logger, silentLogger } from "./base/clock.ts";
import { Emitter } from "./base/emitter.ts";
import { asMeshError, MeshError } from "./base/errors.ts";
import type { NodeId } from "./base/ids.ts";
import { LIMITS } from "./base/limits.ts";
import { dispose } from "./base/platform.ts";
import { Turn } from "./base/turn.ts";
import { Waiters, type WaitOptions } from "./base/waiters.ts";
import { samePlain, Watches } from "./base/watch.ts";
import { judgeConnection } from "./connection.ts";
import { Feeds, Ingress, observer, Pinger, Pipes, Unicast, Whereabouts } from "./delivery/index.ts";
import { Discovery } from "./discovery/index.ts";
import { drained } from "./drain.ts";
import { type Edge, Edges, type LocalNode, type Seed, type Tickets } from "./edge/index.ts";
import { Mesh, type ServiceInstance, type Topology } from "./mesh/index.ts";
import { type Connection, edgeInfo, type NodeEvents } from "./node-info.ts";
import type { NodeOptions, Runtime } from "./node-options.ts";
import { Calls } from "./rmi/index.ts";
import { partsOf, type RoleParts } from "./role-parts.ts";
import { Streamer } from "./streamer/index.ts";
import { control, FrameType, isUnicast } from "./wire/index.ts";

const EVENTS = ["edgeopen", "edgeclose", "nodejoin", "nodeleave", "connection", "error"] as const;

export class Rooms {
  readonly local: LocalNode;
  readonly clock: Clock;
  readonly events: Emitter<NodeEvents>;
  readonly edges: Edges;
  /** Of a gateway. */
  readonly tickets: Tickets | undefined;
  readonly mesh: Mesh;
  readonly ingress: Ingress;
  readonly feeds: Feeds;
  readonly #pinger: Pinger;
  readonly #whereabouts: Whereabouts;
  readonly pipes: Pipes;
  readonly streamer: Streamer;
  readonly calls: Calls;
  readonly discovery: Discovery;
  readonly waiters: Waiters;
  readonly topologies = new Watches<Topology>({ read: () => this.mesh.topology, same: samePlain });
  connection: Connection;
  readonly #options: NodeOptions;
  readonly #runtime: Runtime;
  readonly #parts: RoleParts;
  readonly #logger: Logger;
  readonly #turn: Turn;
  readonly #unicast: Unicast;
  #life: Disposable | undefined;
  /** Kinds of errors that nobody listened for. */
  readonly #unheard = new Set<string>();
  /** Those joined, or known not to answer. */
  readonly #triedJoins = new WeakSet<Seed>();
  /** Where objects of a name are, nearest first. */
  readonly #nearest = new Map<string, readonly ServiceInstance[]>();

  /** @param options Checked. */
  constructor(options: NodeOptions, runtime: Runtime) {
    const { clock, random, identity } = runtime;
    const { role = runtime.role, logger = silentLogger } = options;
    this.#options = options;
    this.#runtime = runtime;
    this.clock = clock;
    this.#logger = logger;
    this.events = new Emitter(EVENTS, (error) => this.onError(error));
    const turn = new Turn(clock, (error) => this.onError(error));
    this.#turn = turn;
    this.waiters = new Waiters(clock);
    this.connection = {
      state: this.joins.length > 0 ? "connecting" : "online",
      since: clock.wallNow(),
      reason: undefined,
    };

    const startedAt = Math.floor(clock.wallNow());
    const incarnation = (): number => this.mesh?.incarnation ?? startedAt; // asked for by the mesh itself, too
    const local: LocalNode = {
      identity,
      verifier: runtime.verifier,
      mesh: options.mesh ?? "default",
      name: options.name ?? `${role}-${identity.id.slice(0, 6)}`,
      role,
      get incarnation() {
        return incarnation();
      },
      addresses: () => this.addresses,
      credential: () => options.credentials?.() ?? "",
    };
    this.local = local;
    const self = identity.id;
    const parts = partsOf(role, runtime);
    this.#parts = parts;
    this.tickets = parts.tickets({
      ...{ local, clock, turn },
      keyOf: (gateway) => {
        const record = this.mesh.records.get(gateway);
        return record?.role === "gateway" ? record.publicKey : undefined;
      },
    });
    this.edges = new Edges({
      local,
      clock,
      random,
      turn,
      logger,
      transports: runtime.transports,
      leases: parts.leases(clock),
      tickets: this.tickets,
      onOpen: (edge) => this.#onEdgeOpen(edge),
      onMeasured: (edge) => this.mesh.onMeasured(edge),
      onClosed: (edge, error) => this.#onEdgeClosed(edge, error),
      onFrame: (edge, type, packet, at, length) => {
        if (type === FrameType.data) return this.feeds.onData(edge, packet, at, length);
        this.#onFrame(edge, type, packet.subarray(at, at + length));
        return at + length;
      },
      // The table of edges has written a line already.
      onError: (error) => this.#tellError(error),
      onSeedChange: (seed) => this.#onSeedChange(seed),
    });
    this.mesh = new Mesh({
      local,
      clock,
      turn,
      logger,
      speaker: parts.speaker,
      interest: () => ({ topics: this.streamer.patterns, services: this.calls.services }),
      edges: () => this.edges.values(),
      edge: (id) => this.edges.get(id),
      onJoin: (node) => this.events.emit("nodejoin", node),
      onLeave: (node, reason) => this.events.emit("nodeleave", { node, reason }),
      onNewLife: (id) => this.feeds.onNewLife(id),
      onChange: (moved) => {
        this.feeds.onMeshChange(moved);
        this.#changed();
        this.topologies.changed();
        this.discovery.onMeshChange();
        this.pipes.onMeshChange();
      },
    });
    const ingress = new Ingress(runtime.authorize ?? allowAll, logger);
    this.ingress = ingress;
    const mesh = this.mesh;
    this.feeds = new Feeds({
      local,
      clock,
      random,
      turn,
      ingress,
      relay: parts.relaying(options.relay),
      logBytes: options.logBytes ?? (role === "leaf" ? LIMITS.leafLogBytes : LIMITS.peerLogBytes),
      incarnation: () => mesh.incarnation,
      origins: function* () {
        for (const { id } of mesh.peers) yield { id, incarnation: mesh.records.get(id)!.incarnation };
      },
      incarnationOf: (peer) => mesh.records.get(peer)?.incarnation,
      nextHop: (peer) => mesh.nextHop(peer),
      joined: () => this.joined && mesh.settled,
    });
    const maxPayloadBytes = role === "leaf" ? LIMITS.leafMessageBytes : LIMITS.messageBytes;
    if (options.observe) this.feeds.want("**", observer);
    this.#unicast = new Unicast({
      self,
      maxPayloadBytes,
      ingress,
      home: () => mesh.homeOf(self) ?? self,
      edge: (id) => {
        const edge = this.edges.get(id);
        // A leaf that has come to another gateway since: its old edge does not know yet that it has died.
        const home = edge?.role === "leaf" ? mesh.homeOf(id) : self;
        return home === self || home === id ? edge : undefined;
      },
      nextHop: (peer) => mesh.wayTo(peer),
    });
    this.#pinger = new Pinger(clock, this.#unicast);
    this.#whereabouts = new Whereabouts({
      ...{ self, clock, random, unicast: this.#unicast },
      gateways: function* () {
        for (const peer of mesh.peers) if (peer.role === "gateway") yield peer.id;
      },
      holds: (node) => this.feeds.holds(node),
      onError: (error) => this.onError(error),
    });
    this.streamer = new Streamer({
      clock,
      turn,
      feeds: this.feeds,
      self,
      messageBytes: maxPayloadBytes,
      onError: (error) => this.onError(error),
      onPatternsChanged: () => this.#tellInterest(),
    });
    this.pipes = new Pipes(
      {
        ...{ self, clock, random, turn, unicast: this.#unicast },
        incarnation: () => mesh.incarnation,
        incarnationOf: (node) => {
          const record = mesh.records.get(node);
          if (record) return record.gone ? undefined : record.incarnation;
          const edge = this.edges.get(node);
          return edge?.role === "leaf" ? edge.peer.incarnation : undefined;
        },
        homeOf: (node) => mesh.homeOf(node),
        isReachable: (peer) => mesh.isReachable(peer),
        seek: (leaf) => void this.#seek(leaf),
      },
      {
        onMessage: (node, message) => this.calls.onMessage(node, message),
        onLost: (node, why) => this.calls.onNodeLost(node, why),
        awaited: () => this.calls.awaited(),
      },
    );
    this.calls = new Calls({
      ...{ clock, random, pipes: this.pipes, maxMessageBytes: maxPayloadBytes },
      instances: (service) => this.#instances(service),
      onSent: (from, topic, args) => this.streamer.onSent(from, topic, args),
      joined: () => this.ready(),
      locate: async (node) => void (await this.locate(node)),
      onError: (error) => this.onError(error),
      onServicesChanged: () => this.#tellInterest(),
    });
    this.discovery = new Discovery({
      ...{ self, clock, random, turn, unicast: this.#unicast },
      wantsOf: (topic) => mesh.wantsOf(topic),
      leafPage: (topic, after) => parts.leafPage(mesh.leavesOf(topic), after),
      isJoined: () => this.joined,
      joined: (wait) => this.ready(wait),
      onError: (error) => this.onError(error),
    });
  }

  /** Addresses to join. */
  get joins(): readonly string[] {
    return this.#options.join ?? [];
  }

  /** Whether the directory can be believed. */
  get joined(): boolean {
    return this.mesh.synced || this.joins.length === 0;
  }

  /** Where others reach this node: what it advertises, else what it listens on. */
  get addresses(): readonly string[] {
    return this.#options.advertise ?? this.edges.addresses;
  }

  /** Resolves when `joined`. @throws {MeshError} `timed-out`, `closed` */
  ready(options: WaitOptions = {}): Promise<void> {
    return this.waiters.until(
      () => this.joined,
      options,
      () => `no edge to the mesh: ${this.connection.reason ?? this.connection.state}`,
    );
  }

  /** Listen, and begin to join. @throws {TypeError} for an address that is wrong. @throws {MeshError} `listen-failed` */
  async start(): Promise<void> {
    const { listen = [] } = this.#options;
    for (const address of this.joins) this.edges.transportFor(address, "join");
    for (const address of listen) this.edges.transportFor(address, "listen");
    for (const address of listen) await this.edges.listen(address);
    this.#life = this.#runtime.lifecycle?.watch((event) => this.edges.onLifecycle(event));
    if (this.joins.length === 0) return;
    // A leaf hangs on one gateway; the others are there for when that fails.
    if (this.local.role === "leaf") this.edges.seed(...this.joins);
    else for (const address of this.joins) this.edges.seed(address);
  }

  /** Take nothing new, hand on what was taken for at most `timeoutMs`, say goodbye, and release every timer and socket. */
  async close(timeoutMs: number): Promise<void> {
    const { clock } = this;
    const endsAtMs = clock.now() + timeoutMs;
    this.#life?.[dispose]();
    this.streamer.close();
    this.calls.stop();
    this.discovery.close();
    this.edges.drain();
    await this.#drained(timeoutMs);
    // Whoever has sent something hears of what became of it, the rest that it is not known.
    this.pipes.close();
    this.calls.close();
    this.#pinger.close();
    this.#whereabouts.close();
    this.feeds.sayGoodbye();
    await this.#written(endsAtMs - clock.now());
    this.mesh.close();
    this.feeds.close();
    await this.edges.close();
    this.waiters.close();
    this.topologies.close();
    this.events.clear();
  }

  async #drained(timeoutMs: number): Promise<void> {
    const leaves = timeoutMs > 0 ? [...this.edges.values()].filter(({ role }) => role === "leaf") : [];
    const moving = this.#parts.moveLeaves(this.clock, leaves, timeoutMs / 2);
    const notHandedOn = await drained(this, timeoutMs);
    moving[dispose]();
    if (notHandedOn) this.onError(notHandedOn);
  }

  /** Resolves when edges have taken all that waits, the goodbyes last. */
  async #written(timeoutMs: number): Promise<void> {
    if (timeoutMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.clock.setTimer(timeoutMs, resolve);
      const all = Promise.all([...this.edges.values()].map((edge) => edge.drained()));
      void all.then(() => {
        timer[dispose]();
        resolve();
      });
    });
  }

  /** @throws {MeshError} `unreachable`, `forbidden`, `timed-out`, `overflow` */
  async ping(node: NodeId, bytes: number, timeoutMs: number): Promise<{ roundTripMs: number }> {
    const home = await this.locate(node);
    if (home === undefined) throw new MeshError("unreachable", `node ${node} is not known`);
    return this.#pinger.ping({ node, home }, bytes, timeoutMs);
  }

  /** For pipes, which ask again: when too many are looked for, another time. */
  async #seek(leaf: NodeId): Promise<void> {
    try {
      await this.locate(leaf);
    } catch (error) {
      if (!(error instanceof MeshError) || error.code !== "overflow") this.onError(error);
    }
  }

  /** Where `node` is reached; undefined when neither the directory nor any gateway knows. @throws {MeshError} `overflow` */
  async locate(node: NodeId): Promise<NodeId | undefined> {
    const known = this.mesh.homeOf(node);
    if (known !== undefined) return known;
    const home = await this.#whereabouts.find(node);
    this.#turn.run(() => (home === undefined ? this.pipes.notFound(node) : this.pipes.found(node, home)));
    return home;
  }

  /** Every exposed object now known, this node's own included. */
  services(): readonly ServiceInstance[] {
    const { identity, name, role } = this.local;
    const known = [...this.mesh.services()];
    if (role !== "leaf") return known;
    const home = this.mesh.gateway?.id ?? identity.id;
    const own = this.calls.services.map((service) => ({ service, owner: identity.id, ownerName: name, home }));
    return [...own, ...known.filter(({ owner }) => owner !== identity.id)];
  }

  // ---- who hears of what

  /** Whatever went wrong without anybody waiting for it. */
  onError(error: unknown): void {
    const { code, message } = asMeshError(error, "remote-error");
    this.#logger.log("error", "error", { code: error instanceof MeshError ? code : undefined, message });
    this.#tellError(error);
  }

  #tellError(error: unknown): void {
    this.events.emit("error", error);
    if (this.#options.logger || this.events.has("error")) return;
    const kind = error instanceof MeshError ? error.code : "";
    if (this.#unheard.has(kind)) return;
    this.#unheard.add(kind);
    const detail = error instanceof MeshError ? error.message : error;
    this.#runtime.warn?.(`chaski: nobody listens for this error of ${this.local.name}:`, detail);
  }

  /** Nobody waits for the joining, so the first failure of an address that has never answered is told here. */
  #onSeedChange(seed: Seed): void {
    const { state, addresses } = seed;
    const isJoin = addresses.some((address) => this.joins.includes(address));
    if (isJoin && !this.#triedJoins.has(seed) && state.phase !== "dialling" && seed.dials >= addresses.length) {
      this.#triedJoins.add(seed);
      if (state.phase === "waiting" && (state.cause.code === "dial-failed" || state.cause.code === "timed-out")) {
        const what = `cannot join ${addresses.join(" nor ")}, and goes on trying; is the address right?`;
        this.#tellError(new MeshError("dial-failed", `${what} ${state.cause.message}`, { cause: state.cause }));
      }
    }
    this.#changed();
  }

  #onEdgeOpen(edge: Edge): void {
    this.mesh.onEdgeOpen(edge);
    this.feeds.onEdgeOpen(edge);
    this.pipes.onMeshChange();
    this.events.emit("edgeopen", edgeInfo(edge));
    this.#changed();
  }

  #onEdgeClosed(edge: Edge, error: MeshError | undefined): void {
    this.mesh.onEdgeClosed(edge);
    this.feeds.onEdgeClosed(edge);
    this.pipes.onMeshChange();
    this.events.emit("edgeclose", { edge: edgeInfo(edge), reason: error?.code ?? "goodbye", error });
    this.#changed();
  }

  #onFrame(edge: Edge, type: number, frame: Uint8Array): void {
    if (this.feeds.onFrame(edge, type, frame)) {
      if (type === FrameType.attach) this.waiters.check();
      return;
    }
    if (isUnicast(type)) return this.#unicast.onFrame(edge, type, frame);
    if (this.mesh.onFrame(edge, type, frame)) return;
    if (type === FrameType.refused) return this.#onRefused(edge, control.refused.decode(frame));
    if (type < 0x80)
      throw new MeshError(
        "malformed-frame",
        `frame type 0x${type.toString(16)} is not known; the other side is newer than it said`,
      );
  }

  /** Nobody waits for what was refused, so it is told here. */
  #onRefused({ peer }: Edge, { action, resource }: { readonly action: string; readonly resource: string }): void {
    const what = action === "relay" ? `pass on messages of ${resource}` : `let this node ${action} "${resource}"`;
    this.onError(new MeshError("forbidden", `${peer.name} does not ${what}`));
  }

  #tellInterest(): void {
    this.#nearest.clear();
    this.mesh.onInterestChanged();
  }

  /** Nearest first. Kept until something changes: calls ask for it every time. */
  #instances(service: string): readonly ServiceInstance[] {
    let instances = this.#nearest.get(service);
    if (!instances) {
      const distance = ({ owner, home }: ServiceInstance): number =>
        owner === this.local.identity.id ? -1 : this.mesh.distance(home) + (owner === home ? 0 : 1);
      instances = this.services()
        .filter((instance) => instance.service === service && Number.isFinite(distance(instance)))
        .sort((a, b) => distance(a) - distance(b) || (a.owner < b.owner ? -1 : 1));
      if (instances.length > 0) this.#nearest.set(service, instances);
    }
    return instances;
  }

  /** Something changed that somebody may wait for. */
  #changed(): void {
    this.#nearest.clear();
    const before = this.connection;
    const { state, reason } = judgeConnection({
      seeds: [...this.edges.seeds],
      edges: this.edges.size,
      synced: this.mesh.synced,
      role: this.local.role,
      joins: this.joins.length,
    });
    if (state !== before.state || reason !== before.reason) {
      this.connection = {
        state,
        reason,
        since: state === before.state ? before.since : this.#runtime.clock.wallNow(),
      };
      this.events.emit("connection", this.connection);
    }
    this.waiters.check();
  }
}
