/** A node: assembles the rooms and owns nothing else. */
import { allowAll } from "./auth/index.ts";
import { checkOptions, checkRange, show } from "./base/check-options.ts";
import { type Logger, silentLogger } from "./base/clock.ts";
import { Emitter, type ListenerOptions } from "./base/emitter.ts";
import { asMeshError, MeshError } from "./base/errors.ts";
import type { Handle } from "./base/handle.ts";
import { isNodeId, type NodeId } from "./base/ids.ts";
import { LIMITS } from "./base/limits.ts";
import { asyncDispose, dispose } from "./base/platform.ts";
import { checkTopic } from "./base/topic-pattern.ts";
import { Turn } from "./base/turn.ts";
import { Waiters, type WaitOptions } from "./base/waiters.ts";
import { samePlain, type Watch, Watches } from "./base/watch.ts";
import { judgeConnection } from "./connection.ts";
import { Feeds, Ingress, observer, Pinger, Unicast } from "./delivery/index.ts";
import { checkDiscover, type Discovered, type DiscoverOptions, Discovery, type Subscriber } from "./discovery/index.ts";
import { type Edge as EdgeDriver, Edges, type LocalNode } from "./edge/index.ts";
import type { Link, LinkSink } from "./link/index.ts";
import { Mesh, type NodeInfo, type ServiceInstance, type Topology } from "./mesh/index.ts";
import { type Connection, type Edge, edgeInfo, edgeStatus, type NodeEvents, type NodeStatus } from "./node-info.ts";
import { checkNodeOptions, type NodeOptions, type Runtime } from "./node-options.ts";
import { Calls, type ExposeOptions, type Remote, type RemoteOptions } from "./rmi/index.ts";
import { partsOf } from "./role-parts.ts";
import {
  type MessageHandler,
  type PublishOptions,
  Streamer,
  type SubscribeOptions,
  type Subscription,
} from "./streamer/index.ts";
import { control, FrameType, isUnicast, type Role } from "./wire/index.ts";

const EVENTS = ["edgeopen", "edgeclose", "nodejoin", "nodeleave", "connection", "error"] as const;
/** How long `close` lets data leave, in ms, unless told otherwise. */
const CLOSE_TIMEOUT_MS = 5_000;
const PING_TIMEOUT_MS = 5_000;

/**
 * Make a node. Resolves when it listens; joining goes on in the background and unreachable addresses never reject.
 * @throws {TypeError | RangeError} for options that are wrong. @throws {MeshError} `listen-failed`
 */
export async function createNode(options: NodeOptions, runtime: Runtime): Promise<MeshNode> {
  checkNodeOptions(options, runtime);
  const node = new MeshNode(options, runtime);
  try {
    await node.start();
  } catch (error) {
    await node.close({ timeoutMs: 0 });
    throw error;
  }
  return node;
}

export class MeshNode implements AsyncDisposable {
  readonly id: NodeId;
  readonly name: string;
  readonly role: Role;

  readonly #options: NodeOptions;
  readonly #runtime: Runtime;
  readonly #logger: Logger;
  readonly #events: Emitter<NodeEvents>;
  readonly #turn: Turn;
  readonly #edges: Edges;
  readonly #mesh: Mesh;
  readonly #ingress: Ingress;
  readonly #feeds: Feeds;
  readonly #unicast: Unicast;
  readonly #pinger: Pinger;
  readonly #streamer: Streamer;
  readonly #calls: Calls;
  readonly #discovery: Discovery;
  readonly #waiters: Waiters;
  readonly #topologies = new Watches<Topology>({ read: () => this.#mesh.topology, same: samePlain });
  readonly #nearest = new Map<string, readonly ServiceInstance[]>();
  #connection: Connection;
  #closing: Promise<void> | undefined;

  /** Use `createNode`. */
  constructor(options: NodeOptions, runtime: Runtime) {
    const { clock, random, identity } = runtime;
    this.id = identity.id;
    this.role = options.role ?? runtime.role;
    this.name = options.name ?? `${this.role}-${identity.id.slice(0, 6)}`;
    this.#options = options;
    this.#runtime = runtime;
    this.#logger = options.logger ?? silentLogger;
    this.#events = new Emitter(EVENTS, (error) => this.#onError(error));
    this.#turn = new Turn(clock, (error) => this.#onError(error));
    this.#waiters = new Waiters(clock);
    this.#connection = {
      state: this.#joins.length > 0 ? "connecting" : "online",
      since: clock.wallNow(),
      reason: undefined,
    };

    const startedAt = Math.floor(clock.wallNow());
    const incarnation = (): number => this.#mesh?.incarnation ?? startedAt; // asked for by the mesh itself, too
    const local: LocalNode = {
      identity,
      verifier: runtime.verifier,
      mesh: options.mesh ?? "default",
      name: this.name,
      role: this.role,
      get incarnation() {
        return incarnation();
      },
      addresses: () => this.addresses,
      credential: () => options.credentials?.() ?? "",
    };
    const turn = this.#turn;
    this.#edges = new Edges({
      local,
      clock,
      random,
      turn,
      logger: this.#logger,
      transports: runtime.transports,
      onOpen: (edge) => this.#onEdgeOpen(edge),
      onMeasured: (edge) => this.#mesh.onMeasured(edge),
      onClosed: (edge, error) => this.#onEdgeClosed(edge, error),
      onFrame: (edge, type, packet, at, length) => {
        if (type === FrameType.data) return this.#feeds.onData(edge, packet, at, length);
        this.#onFrame(edge, type, packet.subarray(at, at + length));
        return at + length;
      },
      // The table of edges has written a line already.
      onError: (error) => this.#events.emit("error", error),
      onSeedChange: () => this.#changed(),
      isPeer: (id) => this.#mesh.records.has(id),
    });
    const parts = partsOf(this.role, runtime);
    this.#mesh = new Mesh({
      local,
      clock,
      turn,
      logger: this.#logger,
      speaker: parts.speaker,
      interest: () => ({ topics: this.#streamer.patterns, services: this.#calls.services }),
      edges: () => this.#edges.values(),
      edge: (id) => this.#edges.get(id),
      onJoin: (node) => this.#events.emit("nodejoin", node),
      onLeave: (node, reason) => {
        this.#calls.onNodeLost(node.id);
        this.#events.emit("nodeleave", { node, reason });
      },
      onChange: (moved) => {
        this.#feeds.onMeshChange(moved);
        this.#changed();
        this.#topologies.changed();
        this.#discovery.onMeshChange();
        this.#calls.onMeshChange();
      },
    });
    const ingress = new Ingress(runtime.authorize ?? allowAll, this.#logger);
    this.#ingress = ingress;
    const mesh = this.#mesh;
    this.#feeds = new Feeds({
      local,
      clock,
      random,
      turn,
      ingress,
      relay: parts.relaying(options.relay),
      logBytes: options.logBytes ?? (this.role === "leaf" ? LIMITS.leafLogBytes : LIMITS.peerLogBytes),
      incarnation: () => mesh.incarnation,
      origins: function* () {
        for (const { id } of mesh.peers) yield { id, incarnation: mesh.records.get(id)!.incarnation };
      },
      incarnationOf: (peer) => mesh.records.get(peer)?.incarnation,
      nextHop: (peer) => mesh.nextHop(peer),
      joined: () => this.#joined && this.#mesh.settled,
    });
    const maxPayloadBytes = this.role === "leaf" ? LIMITS.leafMessageBytes : LIMITS.messageBytes;
    if (options.observe) this.#feeds.want("**", observer);
    this.#unicast = new Unicast({
      self: this.id,
      maxPayloadBytes,
      ingress,
      home: () => mesh.homeOf(this.id) ?? this.id,
      edge: (id) => this.#edges.get(id),
      nextHop: (peer) => mesh.nextHop(peer),
    });
    this.#pinger = new Pinger(clock, this.#unicast);
    this.#streamer = new Streamer({
      clock,
      turn,
      feeds: this.#feeds,
      self: this.id,
      messageBytes: maxPayloadBytes,
      onError: (error) => this.#onError(error),
      onPatternsChanged: () => this.#tellInterest(),
    });
    this.#calls = new Calls({
      self: this.id,
      clock,
      unicast: this.#unicast,
      random,
      instances: (service) => this.#instances(service),
      services: () => mesh.services(),
      incarnation: (peer) => mesh.records.get(peer)?.incarnation,
      joined: () => this.ready(),
      onError: (error) => this.#onError(error),
      onServicesChanged: () => this.#tellInterest(),
    });
    this.#discovery = new Discovery({
      ...{ self: this.id, clock, random, turn, unicast: this.#unicast },
      wantsOf: (topic) => mesh.wantsOf(topic),
      leafPage: (topic, after) => parts.leafPage(mesh.leavesOf(topic), after),
      isJoined: () => this.#joined,
      joined: (wait) => this.ready(wait),
      onError: (error) => this.#onError(error),
    });
  }

  /** Listen, and begin to join. Called by `createNode`. */
  async start(): Promise<void> {
    for (const address of this.#joins) this.#edges.transportFor(address, "join");
    for (const address of this.#options.listen ?? []) this.#edges.transportFor(address, "listen");
    for (const address of this.#options.listen ?? []) await this.#edges.listen(address);
    if (this.#joins.length === 0) return;
    // A leaf hangs on one gateway; the others are there for when that fails.
    if (this.role === "leaf") this.#edges.seed(...this.#joins);
    else for (const address of this.#joins) this.#edges.seed(address);
  }

  // ---- what it is and how it stands

  /** Where others reach it: what it advertises, else what it listens on. */
  get addresses(): readonly string[] {
    return this.#options.advertise ?? this.#edges.addresses;
  }

  get edges(): readonly Edge[] {
    return [...this.#edges.values()].map(edgeInfo);
  }

  get connection(): Connection {
    return this.#connection;
  }

  status(): NodeStatus {
    return {
      id: this.id,
      name: this.name,
      role: this.role,
      connection: this.#connection,
      edges: [...this.#edges.values()].map(edgeStatus),
      joins: [...this.#edges.seeds].map(({ address, state }) => ({
        address,
        phase: state.phase,
        reason: "cause" in state ? state.cause?.message : undefined,
      })),
      services: this.services(),
      directory: this.#mesh.holdings,
      log: { bytes: this.#feeds.log.byteLength, flows: this.#feeds.flowCount },
      counters: { ...this.#feeds.counters, refused: this.#ingress.refused },
      calls: { pending: this.#calls.pendingCount, running: this.#calls.runningCount },
    };
  }

  /** The mesh as this node knows it: itself, every peer and gateway it can reach, and the edges between them. */
  topology(): Promise<Topology> {
    return Promise.resolve(this.#mesh.topology);
  }

  /** The topology now, then the newest after each change, for a `for await` loop; ends with the node. @throws {MeshError} `closed` */
  watchTopology(): Watch<Topology> {
    this.#checkOpen("watchTopology");
    return this.#topologies.open();
  }

  on<Name extends keyof NodeEvents>(
    name: Name,
    listener: (event: NodeEvents[Name]) => void,
    options?: ListenerOptions,
  ): Handle {
    return this.#events.on(name, listener, options);
  }

  /** Resolves when the first edge is up and the directory received; at once for a node that joins nobody. @throws {MeshError} `timed-out`, `closed` */
  ready(options: WaitOptions = {}): Promise<void> {
    checkOptions("ready", options, ["timeoutMs", "signal"]);
    return this.#waiters.until(
      () => this.#joined,
      options,
      () => `no edge to the mesh: ${this.#connection.reason ?? this.#connection.state}`,
    );
  }

  // ---- edges

  /** An edge to `address`, held from now on and redialled until `disconnect`. @throws {MeshError} why the first dial failed; an address of `join` is dialled again all the same. */
  connect(address: string): Promise<Edge> {
    this.#checkOpen("connect");
    this.#edges.transportFor(address, "address");
    const wasWanted = [...this.#edges.seeds].some((seed) => seed.address === address);
    const seed = this.#edges.seed(address);
    /** Kept at once: it may be gone again before whoever waits goes on. */
    let opened: EdgeDriver | undefined;
    const served = this.#waiters.until(
      () => {
        const { state } = seed;
        if (state.phase === "served") opened = state.edge;
        // A second edge was refused because the first is about to open.
        if (state.phase === "waiting" && state.cause.code === "duplicate-edge") return false;
        if (state.phase === "waiting" || state.phase === "stopped")
          throw state.cause ?? new MeshError("closed", "disconnected meanwhile");
        return opened !== undefined;
      },
      {},
      () => "",
    );
    return served.then(
      () => edgeInfo(opened!),
      (error: unknown) => {
        if (!wasWanted) this.#edges.unseed(seed);
        throw error;
      },
    );
  }

  /** End the edge to a node, and stop dialling it. */
  disconnect(nodeId: NodeId): Promise<void> {
    checkNodeId(nodeId);
    return this.#edges.disconnect(nodeId);
  }

  /** Give a link that was accepted elsewhere (an HTTP server's upgrade) to this node. */
  accept(link: Link): LinkSink {
    return this.#edges.accept(link);
  }

  /** Round trip to any node. `bytes` pads it to that length, both ways; 0 to 1 048 576, default 0. @throws {MeshError} `unreachable`, `forbidden`, `timed-out` */
  ping(
    nodeId: NodeId,
    options: { readonly bytes?: number; readonly timeoutMs?: number } = {},
  ): Promise<{ roundTripMs: number }> {
    checkNodeId(nodeId);
    checkOptions("ping", options, ["bytes", "timeoutMs"]);
    this.#checkOpen("ping");
    const { bytes = 0, timeoutMs = PING_TIMEOUT_MS } = options;
    checkRange("bytes", bytes, 0, 1024 * 1024);
    checkRange("timeoutMs", timeoutMs, 1, 3_600_000);
    const home = this.#mesh.homeOf(nodeId);
    if (home === undefined) return Promise.reject(new MeshError("unreachable", `node ${nodeId} is not known`));
    return this.#pinger.ping({ node: nodeId, home }, bytes, timeoutMs);
  }

  // ---- topics

  /**
   * Publish to everybody who subscribes. Resolves when this node's log holds the message. Nobody listening is no error.
   * @param data A `Uint8Array` travels as it is, everything else as MessagePack. Copied before this returns, unless
   *   `transfer` hands the bytes over.
   * @throws {TypeError | RangeError} for a topic, data or option that is wrong. @throws {MeshError} `too-large`, `closed`
   */
  publish(topic: string, data: unknown, options?: PublishOptions): Promise<void> {
    this.#checkOpen("publish");
    return this.#streamer.publish(topic, data, options);
  }

  /**
   * Read what is published on the topics that match `pattern`, with a loop or with `handler`. Messages wait from now on.
   * @throws {TypeError | RangeError} for a pattern or option that is wrong. @throws {MeshError} `closed`
   */
  subscribe<T = unknown>(pattern: string, options?: SubscribeOptions, handler?: MessageHandler<T>): Subscription<T> {
    this.#checkOpen("subscribe");
    return this.#streamer.subscribe<T>(pattern, options, handler);
  }

  /** Who subscribes to `topic`, as far as this node knows; itself left out. */
  subscribers(topic: string): Promise<{ peers: readonly NodeInfo[]; leaves: number }> {
    checkTopic(topic);
    return Promise.resolve(this.#mesh.subscribers(topic));
  }

  /** Resolves when at least `count` (default 1) others subscribe to `topic` and what is published next reaches them. @throws {MeshError} `timed-out`, `closed` */
  waitForSubscribers(topic: string, options: WaitOptions & { readonly count?: number } = {}): Promise<void> {
    checkTopic(topic);
    checkOptions("waitForSubscribers", options, ["count", "timeoutMs", "signal"]);
    const { count = 1 } = options;
    checkRange("count", count, 1, 1e9);
    const found = (): number => {
      const { peers, leaves } = this.#mesh.subscribers(topic, (edge) => this.#feeds.isRead(edge, topic));
      return peers.length + leaves;
    };
    return this.#waiters.until(
      () => found() >= count,
      options,
      () => `${found()} of ${count} subscribers to "${topic}"`,
    );
  }

  /**
   * Who else subscribes to `topic`, by name: peers at once, leaves as their gateways name them within `timeoutMs`. Gateways
   * that did not are said in `missing`. Waits for the first join.
   * @throws {TypeError | RangeError} @throws {MeshError} `timed-out` when no mesh was joined in time, `closed`; or the signal's reason.
   */
  discover(topic: string, options: DiscoverOptions = {}): Promise<Discovered> {
    checkDiscover(topic, options);
    this.#checkOpen("discover");
    return this.#discovery.discover(topic, options);
  }

  /**
   * Who else subscribes to `topic`, peers and leaves by name, for a `for await` loop: the set now, then the newest whenever it
   * changes. A gateway that does not answer is asked again; until then its leaves are those it named last. Ends with the node.
   * @throws {TypeError} @throws {MeshError} `closed`
   */
  presence(topic: string): Watch<readonly Subscriber[]> {
    checkTopic(topic);
    this.#checkOpen("presence");
    return this.#discovery.presence(topic);
  }

  // ---- remote objects

  /** Let every node of the mesh call `target`'s methods and read its properties. Close the handle to end it. */
  expose(name: string, target: object, options?: ExposeOptions): Handle {
    this.#checkOpen("expose");
    return this.#calls.expose(name, target, options);
  }

  /** A proxy for an object exposed somewhere in the mesh; found anew at every call, so it survives reconnects. */
  remote<T extends object>(name: string, options?: RemoteOptions): Remote<T> {
    this.#checkOpen("remote");
    return this.#calls.remote<T>(name, options);
  }

  /** Every exposed object now known, this node's own included. */
  services(): readonly ServiceInstance[] {
    const own =
      this.role === "leaf"
        ? this.#calls.services.map((service) => ({
            service,
            owner: this.id,
            ownerName: this.name,
            home: this.#mesh.gateway?.id ?? this.id,
          }))
        : [];
    return [
      ...own,
      ...[...this.#mesh.services()].filter((service) => this.role !== "leaf" || service.owner !== this.id),
    ];
  }

  // ---- the end

  /**
   * Let data leave for at most `timeoutMs` (default 5 000), say goodbye, and release every timer and socket.
   * Idempotent; resolves when all is closed.
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkOptions("close", options, ["timeoutMs"]);
    const { timeoutMs = CLOSE_TIMEOUT_MS } = options;
    checkRange("timeoutMs", timeoutMs, 0, 3_600_000);
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#streamer.close();
    this.#calls.close();
    this.#pinger.close();
    this.#discovery.close();
    this.#feeds.sayGoodbye();
    if (timeoutMs > 0) await this.#drained(timeoutMs);
    this.#mesh.close();
    this.#feeds.close();
    await this.#edges.close();
    this.#waiters.close();
    this.#topologies.close();
    this.#events.clear();
  }

  async #drained(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#runtime.clock.setTimer(timeoutMs, resolve);
      const all = Promise.all([...this.#edges.values()].map((edge) => edge.drained()));
      void all.then(() => {
        timer[dispose]();
        resolve();
      });
    });
  }

  // ---- wiring

  get #joins(): readonly string[] {
    return this.#options.join ?? [];
  }

  get #joined(): boolean {
    return this.#mesh.synced || this.#joins.length === 0;
  }

  #checkOpen(what: string): void {
    if (this.#closing !== undefined) throw new MeshError("closed", `${what} after this node was closed`);
  }

  #onError(error: unknown): void {
    const { code, message } = asMeshError(error, "remote-error");
    this.#logger.log("error", "error", { code: error instanceof MeshError ? code : undefined, message });
    this.#events.emit("error", error);
  }

  #onEdgeOpen(edge: EdgeDriver): void {
    this.#mesh.onEdgeOpen(edge);
    this.#feeds.onEdgeOpen(edge);
    this.#events.emit("edgeopen", edgeInfo(edge));
    this.#changed();
  }

  #onEdgeClosed(edge: EdgeDriver, error: MeshError | undefined): void {
    this.#mesh.onEdgeClosed(edge);
    this.#feeds.onEdgeClosed(edge);
    this.#calls.onEdgeClosed(edge);
    this.#events.emit("edgeclose", { edge: edgeInfo(edge), reason: error?.code ?? "goodbye", error });
    this.#changed();
  }

  #onFrame(edge: EdgeDriver, type: number, frame: Uint8Array): void {
    if (this.#feeds.onFrame(edge, type, frame)) {
      if (type === FrameType.attach) this.#waiters.check();
      return;
    }
    if (isUnicast(type)) return this.#unicast.onFrame(edge, type, frame);
    if (this.#mesh.onFrame(edge, type, frame)) return;
    if (type === FrameType.refused) return this.#onRefused(edge, control.refused.decode(frame));
    if (type < 0x80)
      throw new MeshError(
        "malformed-frame",
        `frame type 0x${type.toString(16)} is not known; the other side is newer than it said`,
      );
  }

  /** Nobody waits for what was refused, so it is told here. */
  #onRefused({ peer }: EdgeDriver, { action, resource }: { readonly action: string; readonly resource: string }): void {
    const what = action === "relay" ? `pass on messages of ${resource}` : `let this node ${action} "${resource}"`;
    this.#onError(new MeshError("forbidden", `${peer.name} does not ${what}`));
  }

  #tellInterest(): void {
    this.#nearest.clear();
    this.#mesh.onInterestChanged();
  }

  /** Nearest first. Kept until something changes: calls ask for it every time. */
  #instances(service: string): readonly ServiceInstance[] {
    let instances = this.#nearest.get(service);
    if (!instances) {
      const distance = ({ owner, home }: ServiceInstance): number =>
        owner === this.id ? -1 : this.#mesh.distance(home) + (owner === home ? 0 : 1);
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
    const before = this.#connection;
    const { state, reason } = judgeConnection({
      seeds: [...this.#edges.seeds],
      edges: this.#edges.size,
      synced: this.#mesh.synced,
      role: this.role,
      joins: this.#joins.length,
    });
    if (state !== before.state || reason !== before.reason) {
      this.#connection = {
        state,
        reason,
        since: state === before.state ? before.since : this.#runtime.clock.wallNow(),
      };
      this.#events.emit("connection", this.#connection);
    }
    this.#waiters.check();
  }
}

function checkNodeId(id: unknown): void {
  if (!isNodeId(id)) throw new TypeError(`a node id is 32 lower-case hexadecimal digits, got ${show(id)}`);
}
