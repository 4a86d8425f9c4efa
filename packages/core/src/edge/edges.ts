/**
 * The table of edges: listens, dials, keeps one edge per pair of nodes, and redials what is wanted. Of two edges
 * between the same nodes both sides keep the same one, without asking: see `#rival`.
 */
import { show } from "../base/check-options.ts";
import type { Clock, Logger, Random } from "../base/clock.ts";
import { setDeadline } from "../base/deadline.ts";
import { asMeshError, MeshError, type MeshErrorCode } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { LifecycleEvent } from "../base/lifecycle.ts";
import { LIMITS } from "../base/limits.ts";
import { AbortController, type AbortSignalLike, asyncDispose, dispose, utf8 } from "../base/platform.ts";
import type { Turn } from "../base/turn.ts";
import type { Link, Listener, Transport } from "../link/index.ts";
import { control, Lane } from "../wire/index.ts";
import { Edge, type EdgeHost } from "./edge.ts";
import type { LocalNode } from "./handshake.ts";
import type { Leases } from "./leases.ts";
import { Life } from "./life.ts";
import { Seed } from "./seed.ts";
import type { Tickets } from "./tickets.ts";

export interface EdgesOptions {
  readonly local: LocalNode;
  readonly clock: Clock;
  readonly random: Random;
  readonly turn: Turn;
  readonly logger: Logger;
  readonly transports: readonly Transport[];
  /** Who of the leaves that went away may stay away for long. */
  readonly leases?: Leases | undefined;
  /** Of a gateway: what its leaves show where they go next. */
  readonly tickets?: Tickets | undefined;
  onOpen(edge: Edge): void;
  onMeasured(edge: Edge): void;
  onClosed(edge: Edge, error: MeshError | undefined): void;
  onFrame: EdgeHost["onFrame"];
  /** A handshake that failed, or an open edge that ended because a side broke the rules. */
  onError(error: MeshError, edge: Edge): void;
  onSeedChange(seed: Seed): void;
}

/** Links in handshake that nobody has vouched for yet; more are turned away at once. */
const MAX_HANDSHAKES = 1_000;
/** An end that is nobody's error. */
const AGREED: ReadonlySet<MeshErrorCode> = new Set(["goodbye", "duplicate-edge", "draining", "bad-ticket"]);
const DRAINING = "this node is being closed and takes nobody any more";
const LEFT = "the gateway is being closed, and asked its leaves to go elsewhere";
const NO_TICKET = new Uint8Array(0);
const PARKED = "the page was put away";

export class Edges implements EdgeHost {
  ticket: Uint8Array = NO_TICKET;
  readonly #options: EdgesOptions;
  readonly #open = new Map<NodeId, Edge>();
  readonly #handshaking = new Set<Edge>();
  /** Ended, and their links are not closed yet. */
  readonly #ending = new Set<Edge>();
  readonly #seeds = new Map<string, Seed>();
  readonly #seedOf = new Map<Edge, Seed>();
  /** Who was found at a seed's address. */
  readonly #foundAt = new Map<Seed, NodeId>();
  readonly #dials = new Map<{ abort(reason?: unknown): void }, Seed>();
  readonly #listeners: Listener[] = [];
  readonly #life: Life;
  /** They serve this leaf until it hangs on another gateway. */
  readonly #leaving = new Set<Edge>();
  #draining = false;
  #closed = false;

  constructor(options: EdgesOptions) {
    this.#options = options;
    const { clock, turn } = options;
    this.#life = new Life({
      clock,
      onAway: () => {
        for (const edge of this.#open.values()) this.#sayAway(edge);
      },
      onWake: () => turn.run(() => this.#wake()),
      onPark: () => this.#park(),
    });
  }

  get local(): LocalNode {
    return this.#options.local;
  }
  get clock(): Clock {
    return this.#options.clock;
  }
  get random(): Random {
    return this.#options.random;
  }
  get turn(): Turn {
    return this.#options.turn;
  }
  get logger(): Logger {
    return this.#options.logger;
  }

  get(id: NodeId): Edge | undefined {
    return this.#open.get(id);
  }

  /** The open edges. */
  values(): IterableIterator<Edge> {
    return this.#open.values();
  }

  get size(): number {
    return this.#open.size;
  }

  get seeds(): IterableIterator<Seed> {
    return this.#seeds.values();
  }

  /** Whether another edge may come: an address is dialled, or waits for that. */
  get isHopeful(): boolean {
    for (const { state } of this.#seeds.values()) if (state.phase !== "stopped") return true;
    return false;
  }

  get addresses(): readonly string[] {
    return this.#listeners.map((listener) => listener.address);
  }

  /** @throws {TypeError} when no transport serves the address, or its own transport finds it wrong. */
  transportFor(address: string, option: string): Transport {
    if (typeof address !== "string")
      throw new TypeError(`${option} must be an address such as tcp://host:port, got ${show(address)}`);
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(address)?.[1];
    const transport = this.#options.transports.find(
      (candidate) => scheme !== undefined && candidate.schemes.includes(scheme),
    );
    if (!transport) {
      const known = this.#options.transports.flatMap((candidate) => candidate.schemes).join(", ");
      throw new TypeError(`${option} must be an address with one of the schemes ${known}, got ${show(address)}`);
    }
    transport.checkAddress(address);
    return transport;
  }

  /** @throws {MeshError} `listen-failed` */
  async listen(address: string): Promise<void> {
    const transport = this.transportFor(address, "listen");
    if (!transport.listen) throw new TypeError(`listen: ${address} cannot be listened on in this runtime`);
    const listener = await transport.listen(address, (link) => this.accept(link));
    if (this.#closed) await listener[asyncDispose]();
    else this.#listeners.push(listener);
  }

  /** Take a link that somebody dialled. */
  accept(link: Link): Edge {
    const edge = new Edge(this, link, { dialled: false, address: link.remoteAddress, credential: "" });
    this.#handshaking.add(edge);
    if (this.#draining) edge.fail(new MeshError("draining", DRAINING));
    else if (this.#handshaking.size > MAX_HANDSHAKES)
      edge.fail(new MeshError("overflow", `${MAX_HANDSHAKES} handshakes are under way already`));
    return edge;
  }

  /** Want one edge, to any of `addresses`, from now until `unseed`. */
  seed(...addresses: readonly string[]): Seed {
    const known = this.#seeds.get(addresses.join(" "));
    if (known) return known;
    for (const address of addresses) this.transportFor(address, "join");
    const seed: Seed = new Seed(addresses, {
      now: () => this.clock.now(),
      luck: () => this.random.float(),
      setTimer: (delayMs, run) => this.clock.setTimer(delayMs, () => this.turn.run(run)),
      dial: () => this.#dial(seed),
      onSeedChange: (changed) => this.#options.onSeedChange(changed),
    });
    this.#seeds.set(addresses.join(" "), seed);
    seed.start();
    return seed;
  }

  /** Want it no more: an edge it has led to stays, a dial or a handshake under way does not. */
  unseed(seed: Seed): void {
    this.#seeds.delete(seed.addresses.join(" "));
    this.#foundAt.delete(seed);
    seed.input({ on: "stop" });
    this.#giveUp(seed, new MeshError("closed", "no longer wanted"));
  }

  /** What is under way for `seed`: a dial, or the handshake after it. */
  #giveUp(seed: Seed, why: MeshError): void {
    for (const [dial, its] of this.#dials) if (its === seed) dial.abort(why);
    for (const edge of [...this.#handshaking]) {
      if (this.#seedOf.get(edge) !== seed) continue;
      // The seed is past it.
      this.#seedOf.delete(edge);
      void edge.close("goodbye", why.message);
    }
  }

  /** Forget every seed that leads to this node, and end the edge to it. */
  async disconnect(id: NodeId): Promise<void> {
    for (const seed of [...this.#seeds.values()]) {
      const { state } = seed;
      if (state.phase === "served" ? state.edge.id === id : this.#foundAt.get(seed) === id) this.unseed(seed);
    }
    await this.#open.get(id)?.close("goodbye", "disconnected on purpose");
  }

  /** Something happened to the page that this node is in. */
  onLifecycle(event: LifecycleEvent): void {
    this.turn.run(() => this.#life.on(event));
  }

  #sayAway(edge: Edge): void {
    edge.send(Lane.control, [control.away.encode({ away: this.#life.away })]);
  }

  /** No edge can be relied upon, and no failure before says that the next dial fails. */
  #wake(): void {
    for (const edge of [...this.#open.values()]) edge.probe();
    for (const seed of [...this.#seeds.values()]) seed.input({ on: "wake" });
  }

  #park(): void {
    for (const edge of [...this.#open.values(), ...this.#handshaking]) void edge.close("goodbye", PARKED);
    for (const dial of this.#dials.keys()) dial.abort(new MeshError("goodbye", PARKED));
  }

  /** Take no new neighbours: they are told to try another. Edges and dials go on. */
  drain(): void {
    this.#draining = true;
  }

  /** Stop listening and dialling, say goodbye on every edge; resolves when all links are closed. */
  async close(): Promise<void> {
    this.#draining = true;
    this.#closed = true;
    this.#life.stop();
    for (const seed of [...this.#seeds.values()]) this.unseed(seed);
    const listeners = this.#listeners.splice(0);
    const edges = [...this.#open.values(), ...this.#handshaking, ...this.#ending];
    await Promise.all([
      ...listeners.map((listener) => listener[asyncDispose]()),
      ...edges.map((edge) => edge.close("goodbye", "the node closed")),
    ]);
  }

  async #dial(seed: Seed): Promise<void> {
    const { address } = seed;
    if (this.#life.isParked) throw new MeshError("dial-failed", PARKED);
    for (const left of this.#leaving) if (left.address === address) throw new MeshError("draining", LEFT);
    const transport = this.transportFor(address, "join");
    const controller = new AbortController();
    this.#giveUp(seed, new MeshError("timed-out", `${address} is dialled anew`));
    const timer = setDeadline(this.clock, LIMITS.dialMs, () =>
      controller.abort(new MeshError("timed-out", `${address} did not answer within ${LIMITS.dialMs} ms`)),
    );
    this.#dials.set(controller, seed);
    try {
      const credential = await this.#credential(controller.signal);
      const onLink = (link: Link): Edge => {
        const edge = new Edge(this, link, { dialled: true, address, credential });
        this.#handshaking.add(edge);
        this.#seedOf.set(edge, seed);
        return edge;
      };
      await transport.dial(address, onLink, { signal: controller.signal });
    } catch (error) {
      const { code, message } = asMeshError(error, "dial-failed");
      if (seed.state.phase !== "stopped") this.logger.log("warn", "dial failed", { address, code, detail: message });
      throw error;
    } finally {
      timer[dispose]();
      this.#dials.delete(controller);
    }
  }

  /** What the user shows at the other side's door; given up when the dial is. */
  async #credential(signal: AbortSignalLike): Promise<string> {
    let credential = this.local.credential();
    if (typeof credential !== "string") {
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      credential = await Promise.race([credential, aborted]);
    }
    if (signal.aborted) throw signal.reason;
    if (typeof credential !== "string") throw new TypeError(`credentials must give a string, got ${show(credential)}`);
    const { byteLength } = utf8.encode(credential);
    if (byteLength > LIMITS.credentialBytes)
      throw new MeshError(
        "too-large",
        `credentials gave ${byteLength} bytes, more than the ${LIMITS.credentialBytes} allowed`,
      );
    return credential;
  }

  // ---- from edges

  onIntroduced(edge: Edge): MeshError | undefined {
    if (this.#draining && !edge.dialled) return new MeshError("draining", DRAINING);
    const { id, role } = edge;
    const refusal = role === "leaf" ? this.#options.tickets?.admit(edge) : undefined;
    if (refusal) return refusal;
    const known = this.#open.get(id);
    const seed = this.#seedOf.get(edge);
    if (seed) this.#foundAt.set(seed, id);
    if (known && this.#rival(edge, known) === known) return this.#duplicate(known);
    for (const other of [...this.#handshaking]) {
      if (other === edge || !other.introduced || other.id !== id) continue;
      if (this.#rival(edge, other) === other) return this.#duplicate(other);
      // Of crossing dials both sides give up the same one, before it opens.
      if (edge.diallerId !== other.diallerId) other.fail(this.#duplicate(edge));
    }
    return undefined;
  }

  /**
   * Which of two edges to the same node stays. Crossing dials: the one the lower id dialled. Both from one side: that
   * side knows whether its first is alive and keeps it; the accepting side follows, since a second dial by the same
   * node's own decision means that its first is dead. A restarted node (higher incarnation) always replaces.
   */
  #rival(candidate: Edge, known: Edge): Edge {
    if (candidate.peer.incarnation !== known.peer.incarnation) {
      return candidate.peer.incarnation > known.peer.incarnation ? candidate : known;
    }
    if (candidate.diallerId !== known.diallerId) return candidate.diallerId < known.diallerId ? candidate : known;
    return candidate.dialled ? known : candidate;
  }

  #duplicate(known: Edge): MeshError {
    return new MeshError("duplicate-edge", `an edge to ${known.peer.name} (${known.id}) is there already`);
  }

  onOpen(edge: Edge): void {
    this.#handshaking.delete(edge);
    const known = this.#open.get(edge.id);
    this.#open.set(edge.id, edge);
    if (known) void known.close("duplicate-edge", "replaced by a newer edge");
    this.#options.leases?.end(edge.id);
    if (edge.role === "leaf") this.#options.tickets?.begin(edge);
    if (this.#life.away) this.#sayAway(edge);
    // Also for addresses that lead to the same node and were refused as a second edge.
    for (const [seed, id] of this.#foundAt) {
      if (id === edge.id && seed.state.phase !== "served") seed.input({ on: "open", edge });
    }
    this.#options.onOpen(edge);
  }

  /** Another gateway is dialled while this one still serves; where no other is known, it is left and dialled again. */
  onDrain(edge: Edge): void {
    for (const seed of [...this.#seeds.values()]) {
      const { state, addresses } = seed;
      if (state.phase !== "served" || state.edge !== edge || addresses.length === 1) continue;
      this.#leaving.add(edge);
      seed.input({ on: "lost", error: new MeshError("draining", LEFT), isHasty: this.#life.isHasty });
    }
    if (!this.#leaving.has(edge)) void edge.close("draining", LEFT);
  }

  onMeasured(edge: Edge): void {
    this.#options.onMeasured(edge);
  }

  onFrame(edge: Edge, type: number, packet: Uint8Array, at: number, length: number): number {
    // Open here, an edge may still be refused over there: it is, once something comes.
    if (this.#leaving.size > 0 && !this.#leaving.has(edge))
      for (const left of this.#leaving) void left.close("draining", LEFT);
    return this.#options.onFrame(edge, type, packet, at, length);
  }

  onLinkClosed(edge: Edge): void {
    this.#ending.delete(edge);
  }

  onClosed(edge: Edge, error: MeshError | undefined): void {
    this.#ending.add(edge);
    this.#leaving.delete(edge);
    const wasOpen = !this.#handshaking.delete(edge);
    if (edge.introduced && this.#open.get(edge.id) === edge) this.#open.delete(edge.id);
    if (wasOpen) {
      this.#options.tickets?.end(edge);
      if (edge.away) edge.away = this.#options.leases?.begin(edge.id) === true;
      this.#options.onClosed(edge, error);
    }
    // Its gateway may be gone and forgotten: no reason to be out.
    const isAgain = error?.code === "bad-ticket" && edge.shownTicket !== undefined && edge.shownTicket.byteLength > 0;
    if (isAgain && this.ticket === edge.shownTicket) this.ticket = NO_TICKET;
    const isLoss = error && !AGREED.has(error.code);
    const event = !wasOpen ? "handshake failed" : isLoss ? "edge lost" : "edge closed";
    this.logger.log(isLoss ? "warn" : wasOpen ? "info" : "debug", event, {
      ...(edge.introduced && { peer: edge.id, name: edge.peer.name }),
      address: edge.address,
      code: error?.code,
      detail: error?.message,
    });
    // A neighbour that goes away is no error of anybody's; `edgeclose` tells of it.
    if (isLoss && !(wasOpen && (error.code === "link-lost" || error.code === "timed-out")))
      this.#options.onError(error, edge);
    const diallingSeed = this.#seedOf.get(edge);
    this.#seedOf.delete(edge);
    const replacement = edge.introduced ? this.#open.get(edge.id) : undefined;
    for (const seed of [...this.#seeds.values()]) {
      const { state } = seed;
      const served = state.phase === "served" && state.edge === edge;
      if (!served && !(seed === diallingSeed && state.phase === "dialling")) continue;
      if (replacement) seed.input({ on: "open", edge: replacement });
      else
        seed.input({
          on: served ? "lost" : "failed",
          error: error ?? new MeshError("goodbye", "the edge was closed on purpose"),
          isHasty: this.#life.isHasty,
          isAgain,
        });
    }
  }
}
