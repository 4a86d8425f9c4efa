/** What a user sees of a node. The rooms behind it are wired together in `rooms.ts`. */
import { checkOptions, checkRange, show } from "./base/check-options.ts";
import type { ListenerOptions } from "./base/emitter.ts";
import { MeshError } from "./base/errors.ts";
import type { Handle } from "./base/handle.ts";
import { isNodeId, type NodeId } from "./base/ids.ts";
import { asyncDispose } from "./base/platform.ts";
import { checkTopic } from "./base/topic-pattern.ts";
import type { WaitOptions } from "./base/waiters.ts";
import type { Watch } from "./base/watch.ts";
import { checkDiscover, type Discovered, type DiscoverOptions, type Subscriber } from "./discovery/index.ts";
import type { Edge as EdgeDriver } from "./edge/index.ts";
import type { Link, LinkSink } from "./link/index.ts";
import type { NodeInfo, ServiceInstance, Topology } from "./mesh/index.ts";
import { type Connection, type Edge, edgeInfo, edgeStatus, type NodeEvents, type NodeStatus } from "./node-info.ts";
import { checkNodeOptions, type NodeOptions, type Runtime } from "./node-options.ts";
import type { ExposeOptions, Remote, RemoteOptions } from "./rmi/index.ts";
import { Rooms } from "./rooms.ts";
import type { MessageHandler, PublishOptions, SendOptions, SubscribeOptions, Subscription } from "./streamer/index.ts";
import type { Role } from "./wire/index.ts";

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

/**
 * A node of a mesh, wherever it runs. Misuse throws a `TypeError` or `RangeError` at the call; whatever goes wrong without
 * anybody waiting for it is an `error` event.
 */
export class MeshNode implements AsyncDisposable {
  readonly id: NodeId;
  readonly name: string;
  readonly role: Role;

  readonly #rooms: Rooms;
  #closing: Promise<void> | undefined;

  /** Use `createNode`. */
  constructor(options: NodeOptions, runtime: Runtime) {
    this.#rooms = new Rooms(options, runtime);
    const { identity, name, role } = this.#rooms.local;
    this.id = identity.id;
    this.name = name;
    this.role = role;
  }

  /** Listen, and begin to join. Called by `createNode`. */
  start(): Promise<void> {
    return this.#rooms.start();
  }

  // ---- what it is and how it stands

  /** Where others reach it: what it advertises, else what it listens on. */
  get addresses(): readonly string[] {
    return this.#rooms.addresses;
  }

  get edges(): readonly Edge[] {
    return [...this.#rooms.edges.values()].map(edgeInfo);
  }

  get connection(): Connection {
    return this.#rooms.connection;
  }

  /** How it stands, in numbers, as of now; for people and monitoring. */
  status(): NodeStatus {
    return {
      id: this.id,
      name: this.name,
      role: this.role,
      connection: this.#rooms.connection,
      edges: [...this.#rooms.edges.values()].map(edgeStatus),
      joins: [...this.#rooms.edges.seeds].map(({ address, state }) => ({
        address,
        phase: state.phase,
        reason: "cause" in state ? state.cause?.message : undefined,
      })),
      services: this.services(),
      directory: this.#rooms.mesh.holdings,
      log: { bytes: this.#rooms.feeds.log.byteLength, flows: this.#rooms.feeds.flowCount },
      counters: {
        ...this.#rooms.feeds.counters,
        ...this.#rooms.mesh.oldNews,
        refused: this.#rooms.ingress.refused,
      },
      tickets: this.#rooms.tickets?.counters,
      calls: { pending: this.#rooms.calls.pendingCount, running: this.#rooms.calls.runningCount },
      pipes: { ...this.#rooms.pipes.counters, nodes: this.#rooms.pipes.size, queuedBytes: this.#rooms.pipes.heldBytes },
    };
  }

  /** The mesh as this node knows it: itself, every peer and gateway it can reach, and the edges between them. */
  topology(): Promise<Topology> {
    return Promise.resolve(this.#rooms.mesh.topology);
  }

  /** The topology now, then the newest after each change, for a `for await` loop; ends with the node. @throws {MeshError} `closed` */
  watchTopology(): Watch<Topology> {
    this.#checkOpen("watchTopology");
    return this.#rooms.topologies.open();
  }

  /** Hear of an event, in order of registration, until the handle is closed or `signal` fires. @throws {TypeError} for an unknown event. */
  on<Name extends keyof NodeEvents>(
    name: Name,
    listener: (event: NodeEvents[Name]) => void,
    options?: ListenerOptions,
  ): Handle {
    return this.#rooms.events.on(name, listener, options);
  }

  /** Resolves when the first edge is up and the directory received; at once for a node that joins nobody. @throws {MeshError} `timed-out`, `closed` */
  ready(options: WaitOptions = {}): Promise<void> {
    checkOptions("ready", options, ["timeoutMs", "signal"]);
    return this.#rooms.ready(options);
  }

  // ---- edges

  /** An edge to `address`, held from now on and redialled until `disconnect`. @throws {MeshError} why the first dial failed; an address of `join` is dialled again all the same. */
  connect(address: string): Promise<Edge> {
    this.#checkOpen("connect");
    this.#rooms.edges.transportFor(address, "address");
    const wasWanted = [...this.#rooms.edges.seeds].some((seed) => seed.address === address);
    const seed = this.#rooms.edges.seed(address);
    /** Kept at once: it may be gone again before whoever waits goes on. */
    let opened: EdgeDriver | undefined;
    const served = this.#rooms.waiters.until(
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
        if (!wasWanted) this.#rooms.edges.unseed(seed);
        throw error;
      },
    );
  }

  /** End the edge to a node, and stop dialling it. */
  disconnect(nodeId: NodeId): Promise<void> {
    checkNodeId(nodeId);
    return this.#rooms.edges.disconnect(nodeId);
  }

  /** Give a link that was accepted elsewhere (an HTTP server's upgrade) to this node. */
  accept(link: Link): LinkSink {
    return this.#rooms.edges.accept(link);
  }

  /**
   * Round trip to any node. A leaf of which nothing is known is looked for first, for up to 5 s.
   * @param options `bytes` pads it to that length, both ways; 0 to 1 048 576, default 0.
   * @throws {MeshError} `unreachable`, `forbidden`, `timed-out`
   */
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
    return this.#rooms.ping(nodeId, bytes, timeoutMs);
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
    return this.#rooms.streamer.publish(topic, data, options);
  }

  /**
   * Read what is published on the topics that match `pattern`, with a loop or with `handler`. Messages wait from now on.
   * @throws {TypeError | RangeError} for a pattern or option that is wrong. @throws {MeshError} `closed`
   */
  subscribe<T = unknown>(pattern: string, options?: SubscribeOptions, handler?: MessageHandler<T>): Subscription<T> {
    this.#checkOpen("subscribe");
    return this.#rooms.streamer.subscribe<T>(pattern, options, handler);
  }

  /**
   * Send to one node, in order, exactly once: whatever subscriptions of it match `topic` get the message, and nobody else does.
   * Resolves when they hold it. A node that is out of reach for a moment, or moves to another gateway, is waited for.
   * @param nodeId A peer's, or a leaf's that exposes something or has spoken to this node.
   * @param data As in `publish`; with topic and headers at most 8 MiB, 1 MiB from a leaf. Copied before this returns.
   * @throws {TypeError | RangeError} @throws {MeshError} `no-responder` when no subscription there matches, `peer-lost` (it may
   *   have arrived, the message says so), `unreachable`, `timed-out`, `overflow`, `too-large`, `forbidden`, `closed`; or the
   *   signal's reason.
   */
  send(nodeId: NodeId, topic: string, data: unknown, options: SendOptions = {}): Promise<void> {
    checkNodeId(nodeId);
    checkOptions("send", options, ["headers", "timeoutMs", "signal"]);
    this.#checkOpen("send");
    const { streamer, calls } = this.#rooms;
    return calls.send(nodeId, topic, streamer.sendArgs(topic, data, options.headers), options);
  }

  /** Who subscribes to `topic`, as far as this node knows; itself left out. */
  subscribers(topic: string): Promise<{ peers: readonly NodeInfo[]; leaves: number }> {
    checkTopic(topic);
    return Promise.resolve(this.#rooms.mesh.subscribers(topic));
  }

  /** Resolves when at least `count` (default 1) others subscribe to `topic` and what is published next reaches them. @throws {MeshError} `timed-out`, `closed` */
  waitForSubscribers(topic: string, options: WaitOptions & { readonly count?: number } = {}): Promise<void> {
    checkTopic(topic);
    checkOptions("waitForSubscribers", options, ["count", "timeoutMs", "signal"]);
    const { count = 1 } = options;
    checkRange("count", count, 1, 1e9);
    const found = (): number => {
      const { peers, leaves } = this.#rooms.mesh.subscribers(topic, (edge) => this.#rooms.feeds.isRead(edge, topic));
      return peers.length + leaves;
    };
    return this.#rooms.waiters.until(
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
    return this.#rooms.discovery.discover(topic, options);
  }

  /**
   * Who else subscribes to `topic`, peers and leaves by name, for a `for await` loop: the set now, then the newest whenever it
   * changes. A gateway that does not answer is asked again; until then its leaves are those it named last. Ends with the node.
   * @throws {TypeError} @throws {MeshError} `closed`
   */
  presence(topic: string): Watch<readonly Subscriber[]> {
    checkTopic(topic);
    this.#checkOpen("presence");
    return this.#rooms.discovery.presence(topic);
  }

  // ---- remote objects

  /**
   * Let every node of the mesh call `target`'s methods and read its properties: own data properties, and methods of its
   * classes. Never accessors, names that begin with `_` or `#`, or what every object inherits. Close the handle to end it.
   * @param name At most 256 bytes of UTF-8; several nodes may expose the same name.
   * @throws {TypeError} for a name that this node exposes already, too. @throws {MeshError} `closed`
   */
  expose(name: string, target: object, options?: ExposeOptions): Handle {
    this.#checkOpen("expose");
    return this.#rooms.calls.expose(name, target, options);
  }

  /**
   * A proxy for an object exposed somewhere in the mesh; found anew at every call, so it survives reconnects. A call runs once
   * at most, and calls of one node start in order; one in hand survives lost edges and a page's change of gateway. It rejects
   * with a `MeshError`: `no-responder`, `remote-error` (the callee's own, see `remote`), `timed-out`, `peer-lost` (the callee is
   * gone or was started anew; the message says whether the call may have run), `unreachable`, `overflow`, `too-large`,
   * `forbidden`, `closed`; or with its signal's reason.
   * @throws {TypeError | RangeError} @throws {MeshError} `closed`
   */
  remote<T extends object>(name: string, options?: RemoteOptions): Remote<T> {
    this.#checkOpen("remote");
    return this.#rooms.calls.remote<T>(name, options);
  }

  /** Every exposed object now known, this node's own included. */
  services(): readonly ServiceInstance[] {
    return this.#rooms.services();
  }

  // ---- the end

  /**
   * Take nothing new; for at most `timeoutMs` (default 5 000; 0 to 3 600 000) hand on what was taken: calls are answered, those
   * of others too, messages to one node arrive, and what was published is held by neighbours where anybody wants it. A gateway
   * asks its leaves meanwhile to go to another one of their `join`. Then say goodbye, and release every timer and socket.
   *
   * What is not answered in time rejects with `closed`; messages that were published and not handed on are told as an
   * `error` event (`timed-out`, with their number). A handler of a call that waits for this is waited for itself, until the
   * time is up. Idempotent: whoever asks again gets the same promise; resolves when all is closed.
   * @throws {RangeError}
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkOptions("close", options, ["timeoutMs"]);
    const { timeoutMs = CLOSE_TIMEOUT_MS } = options;
    checkRange("timeoutMs", timeoutMs, 0, 3_600_000);
    this.#closing ??= this.#rooms.close(timeoutMs);
    return this.#closing;
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(what: string): void {
    if (this.#closing !== undefined) throw new MeshError("closed", `${what} after this node was closed`);
  }
}

function checkNodeId(id: unknown): void {
  if (!isNodeId(id)) throw new TypeError(`a node id is 32 lower-case hexadecimal digits, got ${show(id)}`);
}
