/**
 * The asking side of feeds: one upstream for each origin, this node's own next hop towards it, attached for everything
 * that is wanted here and by all children, going on after the last number held of each flow.
 */
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import { matches } from "../base/topic-pattern.ts";
import type { Edge } from "../edge/index.ts";
import {
  type AttachBody,
  control,
  type EndReason,
  type FlowDeclaration,
  inFrames,
  Lane,
  type OriginRef,
} from "../wire/index.ts";
import type { Children, Sources } from "./children.ts";
import { Demand } from "./demand.ts";
import { Flow } from "./flow.ts";
import type { FlowTable } from "./flow-table.ts";
import type { LocalWants } from "./local-wants.ts";
import { both, NO_PATTERNS, PatternNumbers, type PatternSet, union, without } from "./pattern-set.ts";
import { AttachBatch, EVERY_ORIGIN, Upstream } from "./upstream.ts";

/** So many patterns have numbers before those that nobody wants any more are looked for. */
const FEWEST_NUMBERS = 1_024;

export interface AttachmentsHost {
  readonly self: NodeId;
  readonly isLeaf: boolean;
  /** The readers of this node. */
  readonly children: Children;
  readonly localWants: LocalWants;
  readonly flows: FlowTable;
  now(): number;
  incarnation(): number;
  nextHop(peer: NodeId): Edge | undefined;
  declare(flow: Flow, edge: Edge): Uint8Array;
  /** Flush soon: something is to be asked. */
  wake(): void;
  /** A hole was asked for again. */
  onRefetch(): void;
  /** Know a flow; the idlest goes when there are too many. */
  addFlow(flow: Flow): void;
  /** Tell every reader that nothing of a flow comes any more. */
  endFlow(flow: Flow, reason: EndReason): void;
  /** Drop a flow that nobody wants any more. */
  forgetFlow(flow: Flow): void;
}

export class Attachments implements Sources {
  readonly #host: AttachmentsHost;
  readonly #upstreams = new Map<NodeId, Upstream>();
  /** Of origins that are gone, while positions live: should one come back, nothing old is new, and nothing new is missed. */
  readonly #gone = new Map<NodeId, Upstream>();
  /** Known flows that have moved, says who feeds them, to a home of which nothing is wanted here yet: it may not be known even. */
  readonly #moved = new Map<Flow, FlowDeclaration>();
  /** Origins whose demand or next hop may have changed. */
  readonly #dirty = new Set<NodeId>();
  /** What is wanted of every leaf may have changed; and what was when they were asked last. */
  #leavesTouched = false;
  #askedOfLeaves: readonly PatternSet[] = [];
  /** Of the patterns wanted of any upstream. */
  readonly #numbers = new PatternNumbers();
  /** When there are so many, those that nobody wants any more are forgotten. */
  #numbersKept = FEWEST_NUMBERS;

  constructor(host: AttachmentsHost) {
    this.#host = host;
    const every = { id: EVERY_ORIGIN, incarnation: 0 };
    if (host.isLeaf) this.#upstreams.set(EVERY_ORIGIN, new Upstream("every", every, this.#numbers));
  }

  // ---- who there is

  of(origin: NodeId): Upstream | undefined {
    return this.#upstreams.get(origin);
  }

  values(): IterableIterator<Upstream> {
    return this.#upstreams.values();
  }

  for(flow: { readonly home: NodeId; readonly origin: NodeId }): Upstream | undefined {
    if (this.#host.isLeaf) return this.#upstreams.get(EVERY_ORIGIN);
    return this.#upstreams.get(flow.home === this.#host.self ? flow.origin : flow.home);
  }

  *leaves(): Generator<Upstream> {
    for (const upstream of this.#upstreams.values()) if (upstream.kind === "leaf") yield upstream;
  }

  *origins(): Generator<OriginRef> {
    yield { id: this.#host.self, incarnation: this.#host.incarnation() };
    for (const { kind, origin, incarnation } of this.#upstreams.values())
      if (kind === "peer") yield { id: origin, incarnation };
  }

  *homeFlows(): Generator<Flow> {
    yield* this.#host.flows.own;
    for (const upstreams of [this.#upstreams, this.#gone])
      for (const { kind, flows } of upstreams.values()) if (kind === "leaf") yield* flows;
  }

  *#named(origins: readonly OriginRef[]): Generator<Upstream> {
    const every = this.#upstreams.get(EVERY_ORIGIN);
    if (origins.length === 0 && every) yield every;
    for (const { id, incarnation } of origins) {
      const upstream = this.#upstreams.get(id);
      if (upstream?.incarnation === incarnation) yield upstream;
    }
  }

  /** Peers now reachable. Whoever has a new incarnation has lost what the old one published. */
  onOrigins(origins: Iterable<OriginRef>): void {
    for (const origin of origins) {
      const known = this.#upstreams.get(origin.id);
      if (known?.incarnation === origin.incarnation) continue;
      if (known) this.end(known);
      this.#begin("peer", origin);
      this.#host.children.onOriginKnown(origin);
    }
  }

  /** An origin is here, or here again: then its flows go on. */
  #begin(kind: "peer" | "leaf", origin: OriginRef): Upstream {
    const { id, incarnation } = origin;
    const former = this.#gone.get(id);
    this.#gone.delete(id);
    const isBack = former?.incarnation === incarnation && former.kind === kind;
    const upstream = isBack ? former : new Upstream(kind, origin, this.#numbers);
    this.#upstreams.set(id, upstream);
    upstream.lostAtMs = undefined;
    for (const flow of upstream.flows) {
      flow.orphanedAtMs = undefined;
      flow.accepting = upstream.wants.coversAsked(flow.topic);
      this.#host.children.onRehomed(flow);
    }
    // What was wanted when it went is owed all that it has published since, also on topics that are new.
    for (const pattern of this.#numbers.patterns(upstream.wants.confirmed))
      this.#host.localWants.activate(upstream, pattern);
    return upstream;
  }

  /**
   * A leaf comes with what it published before, here or elsewhere: what is wanted already is owed all of it. Who has it
   * from another gateway knows by its positions.
   */
  onLeafOpen(edge: Edge): void {
    let upstream = this.#upstreams.get(edge.id);
    if (upstream && upstream.incarnation !== edge.peer.incarnation) {
      this.end(upstream);
      upstream = undefined;
    }
    if (!upstream) {
      upstream = this.#begin("leaf", edge.peer);
      this.#claim(upstream, new Demand(this.#host, this.#numbers).of(upstream));
      this.#host.children.onLeafKnown();
    }
    upstream.lostAtMs = undefined;
    upstream.moveTo(edge);
    this.touch(edge.id);
  }

  onEdgeClosed(edge: Edge): void {
    for (const upstream of this.#upstreams.values()) upstream.onEdgeClosed(edge);
    const leaf = edge.role === "leaf" ? this.#upstreams.get(edge.id) : undefined;
    if (leaf?.edge) this.touch(edge.id);
    else if (leaf) leaf.lostAtMs = this.#host.now();
  }

  /** Its origin is gone. */
  end(upstream: Upstream): void {
    for (const flow of upstream.flows) this.#loseHome(flow);
    upstream.retire(this.#host.now());
    this.#upstreams.delete(upstream.origin);
    if (upstream.flows.size > 0 || this.#gone.size < LIMITS.peers) this.#gone.set(upstream.origin, upstream);
    this.#host.localWants.forgetOrigin(upstream.origin);
  }

  /** A leaf node hears of the end of homes only through records. */
  endFlows(isLost: (flow: Flow) => boolean): void {
    for (const flow of this.#upstreams.get(EVERY_ORIGIN)?.flows ?? [])
      if (isLost(flow)) this.#loseHome(flow);
      else flow.orphanedAtMs = undefined;
  }

  /** A leaf node hears of a home that it lives anew. */
  onNewLife(home: NodeId, incarnation: number): void {
    for (const flow of this.#upstreams.get(EVERY_ORIGIN)?.flows ?? [])
      if (flow.home === home && flow.incarnation < incarnation) this.#loseHome(flow);
  }

  /** A peer's flow ends with its peer; a leaf's may go on from another gateway. */
  #loseHome(flow: Flow): void {
    if (flow.origin === flow.home || flow.home === this.#host.self) this.#host.endFlow(flow, "origin-lost");
    else if (!flow.over) flow.orphanedAtMs ??= this.#host.now();
  }

  /** End what has not come back within its lease, and forget those of whom nothing is known, and wait for no answer for ever. */
  sweep(nowMs: number): void {
    for (const { holdsOn, origin } of this.#upstreams.values()) if (holdsOn) this.touch(origin);
    for (const leaf of [...this.leaves()])
      if (leaf.lostAtMs !== undefined && nowMs - leaf.lostAtMs > LIMITS.leafLeaseMs) this.end(leaf);
    for (const [id, { flows, lostAtMs }] of this.#gone)
      if (flows.size === 0 && nowMs - lostAtMs! > LIMITS.positionAgeMs) this.#gone.delete(id);
  }

  // ---- asking

  touch(origin: NodeId): void {
    // What is wanted of this node's own origin concerns its leaves.
    if (origin === this.#host.self) this.#leavesTouched = true;
    else this.#dirty.add(origin);
    this.#host.wake();
  }

  get setBytes(): number {
    return this.#numbers.setBytes;
  }

  touchAll(): void {
    for (const [origin, { kind }] of this.#upstreams) if (kind !== "leaf") this.#dirty.add(origin);
    for (const origin of this.#gone.keys()) this.#dirty.add(origin);
    this.#leavesTouched = true;
    this.#host.wake();
  }

  /** Ask for what has become wanted, let go of what is not wanted any more. */
  flush(): void {
    if (this.#dirty.size > 0 || this.#leavesTouched) this.#reconcileAll();
    this.#forgetNumbers();
  }

  #reconcileAll(): void {
    const batch = new AttachBatch();
    const demand = new Demand(this.#host, this.#numbers);
    if (this.#leavesTouched) this.#touchLeaves(demand.ofLeaves());
    for (const origin of this.#dirty) {
      const upstream = this.#upstreams.get(origin);
      if (upstream) this.#reconcile(upstream, demand, batch);
      const gone = this.#gone.get(origin);
      // What nobody wants any more does not go on when it is back: whoever wants it then begins.
      if (gone) gone.wants.want(both(gone.wants.wanted, demand.of(gone)));
    }
    this.#rehomeMoved();
    this.#dirty.clear();
    batch.send(this.#numbers, (flow, edge) => this.#host.declare(flow, edge));
    // What was asked of origins that were not known then has its numbers now.
    this.#host.children.checkMemory(this.setBytes);
  }

  /** One of thousands that comes or asks changes nothing for the others, most often. */
  #touchLeaves(asked: readonly PatternSet[]): void {
    this.#leavesTouched = false;
    const isSame = asked.every((set, i) => set === this.#askedOfLeaves[i]);
    this.#askedOfLeaves = asked;
    if (!isSame) for (const { origin } of this.leaves()) this.#dirty.add(origin);
  }

  #forgetNumbers(): void {
    if (this.#numbers.size < this.#numbersKept) return;
    let wanted = NO_PATTERNS;
    for (const upstreams of [this.#upstreams, this.#gone])
      for (const { wants } of upstreams.values()) wanted = union(wanted, wants.all);
    this.#numbers.keep(wanted);
    this.#askedOfLeaves = [];
    this.#numbersKept = Math.max(FEWEST_NUMBERS, this.#numbers.size * 2);
  }

  /**
   * How long to wait, in ms, until `pattern` counts as active at every origin now reachable: 0 when it does, Infinity when
   * something must happen first. Leaves are not waited for, since one may be asleep; nor is an origin that has not
   * answered for long: neither must hold up the others.
   */
  waitMs(pattern: string): number {
    let waitMs = 0;
    for (const upstream of this.#upstreams.values()) {
      const { kind, wants } = upstream;
      if (kind === "leaf" || wants.isConfirmed(pattern)) continue;
      if (kind === "every") return Number.POSITIVE_INFINITY;
      if (!upstream.reachable) continue;
      // Whoever wants what is not asked for there may not have it from there.
      waitMs = Math.max(waitMs, wants.waitMs(pattern, this.#host.now()));
    }
    return waitMs;
  }

  #reconcile(upstream: Upstream, demand: Demand, batch: AttachBatch): void {
    const hop = upstream.kind === "leaf" ? upstream.edge : this.#host.nextHop(upstream.origin);
    upstream.reachable = hop?.open === true;
    if (hop?.open) upstream.moveTo(hop);
    // Asked now: whoever is read from after the move is not asked for.
    const { wants } = upstream;
    const wanted = demand.of(upstream);
    const demanded = union(wanted, wants.unanswered(this.#host.now()));
    upstream.holdsOn = demanded !== wanted;
    const dropped = without(wants.wanted, demanded);
    // Its way may lead through a child just now: what that one wants, and was answered, goes on when it leads elsewhere.
    wants.want(demanded, demand.withAll(upstream, demanded));
    if (dropped.length > 0) this.#drop(upstream, this.#numbers.patterns(dropped));
    // What the present edge has yet to answer may not be wanted any more.
    if (upstream.previous && wants.allAttached) upstream.releasePrevious();
    const { edge } = upstream;
    const { unsent } = wants;
    if (edge?.open && unsent.length > 0) this.#ask(upstream, edge, batch);
  }

  #rehomeMoved(): void {
    for (const [flow, declaration] of this.#moved) {
      const { home, incarnation, epoch } = declaration;
      const upstream = this.#dirty.has(home) ? this.#upstreams.get(home) : undefined;
      if (upstream?.incarnation !== incarnation || !upstream.wants.coversAsked(flow.topic)) continue;
      this.#moved.delete(flow);
      if (epoch > flow.epoch) this.#rehome(flow, upstream, declaration);
    }
  }

  #ask(upstream: Upstream, edge: Edge, batch: AttachBatch): void {
    const { wants } = upstream;
    const { unsent } = wants;
    const resumed = this.#numbers.patterns(both(unsent, wants.confirmed));
    const flows = [...upstream.flows].filter(
      (flow) =>
        flow.accepting && flow.reliability === "reliable" && resumed.some((pattern) => matches(pattern, flow.topic)),
    );
    batch.add(upstream, edge, flows);
    wants.onSent(this.#host.now());
  }

  #drop(upstream: Upstream, patterns: readonly string[]): void {
    for (const some of inFrames(patterns, (pattern) => pattern))
      upstream.edge?.send(Lane.control, [control.detach.encode({ origins: upstream.refs, patterns: some })]);
    for (const flow of [...upstream.flows]) if (!upstream.wants.coversAsked(flow.topic)) this.#host.forgetFlow(flow);
  }

  /** The wants at `origins` are active. */
  onAttached(
    edge: Edge,
    { origins, patterns }: Pick<AttachBody, "origins"> & { readonly patterns: readonly string[] },
  ): void {
    const answered = this.#numbers.known(patterns);
    for (const upstream of this.#named(origins)) {
      if (upstream.edge !== edge) continue;
      const attached = upstream.wants.onAttached(answered);
      this.#confirm(upstream, attached);
      if (upstream.holdsOn) this.touch(upstream.origin);
      if (upstream.kind === "peer")
        for (const pattern of this.#numbers.patterns(attached)) this.#host.children.onAttached(upstream, pattern);
      if (upstream.previous && upstream.wants.allAttached) upstream.releasePrevious();
    }
    this.#host.wake();
  }

  /** Whoever wants `pattern` has missed nothing of this origin so far, and tells from where to go on. */
  claim(upstream: Upstream, pattern: string): void {
    if (upstream.wants.isConfirmed(pattern)) return;
    this.#claim(upstream, this.#numbers.all([pattern]));
    this.touch(upstream.origin);
  }

  #claim(upstream: Upstream, patterns: PatternSet): void {
    const news = without(patterns, upstream.wants.confirmed);
    upstream.wants.claim(news);
    for (const pattern of this.#numbers.patterns(news)) this.#onConfirmed(upstream, pattern);
  }

  #confirm(upstream: Upstream, patterns: PatternSet): void {
    for (const pattern of this.#numbers.patterns(upstream.wants.confirm(patterns)))
      this.#onConfirmed(upstream, pattern);
  }

  /** From now on nothing that matches is missed. */
  #onConfirmed(upstream: Upstream, pattern: string): void {
    for (const flow of upstream.flows) {
      if (flow.accepting || !matches(pattern, flow.topic)) continue;
      flow.accepting = true;
      // Known from before: what came while it was not accepted is asked for again.
      flow.refetching = false;
      if (flow.announced && upstream.wants.isAttached(pattern)) this.refetch(flow);
    }
    this.#host.localWants.activate(upstream, pattern);
    if (upstream.kind === "peer") this.#host.children.onConfirmed(upstream, pattern);
  }

  /** Ask again for everything after the head. */
  refetch(flow: Flow): void {
    const { upstream } = flow;
    if (flow.refetching || !upstream?.edge) return;
    flow.refetching = true;
    this.#host.onRefetch();
    this.tell(flow);
  }

  /** Tell the upstream where to go on in `flow`. Without an edge it hears it when there is one. */
  tell({ upstream, number, position }: Flow): void {
    const positions = [{ flow: number, seq: position }];
    upstream?.edge?.send(Lane.control, [control.attach.encode({ origins: upstream.refs, wants: [], positions })]);
  }

  /** Nothing of it is known any more. */
  forget(flow: Flow): void {
    this.#moved.delete(flow);
  }

  // ---- flows coming in

  /** @returns Whether `edge` may speak for the flow, also where nobody wants it any more. @throws {MeshError} `malformed-frame` */
  onFlow(edge: Edge, declaration: FlowDeclaration): boolean {
    const upstream = this.for(declaration);
    const known = this.#host.flows.get(declaration.flow);
    const hasMoved = known?.origin === declaration.origin && declaration.epoch > known.epoch;
    if (hasMoved && known.upstream?.fedBy(edge)) {
      this.#moved.set(known, declaration);
      this.touch(declaration.home);
    }
    if (!upstream?.fedBy(edge)) return false;
    // Of another life of its peer: the record of that one is on its way, or this is old news.
    if (upstream.kind === "peer" && upstream.incarnation !== declaration.incarnation) return true;
    if (upstream.wants.coversAsked(declaration.topic)) {
      const flow = this.ensureFlow(upstream, declaration, 0);
      this.#moved.delete(flow);
    }
    return true;
  }

  ensureFlow(upstream: Upstream, declaration: FlowDeclaration, base: number): Flow {
    const known = this.#host.flows.get(declaration.flow);
    if (known) {
      if (known.topic !== declaration.topic || known.origin !== declaration.origin) {
        throw new MeshError("malformed-frame", `flow ${declaration.flow} was declared as two different flows`);
      }
      const isHomeless =
        known.orphanedAtMs !== undefined || known.upstream === this.#gone.get(known.upstream?.origin ?? "");
      const hasMoved = declaration.epoch > known.epoch || isHomeless;
      if (hasMoved) this.#rehome(known, upstream, declaration);
      return known;
    }
    const flow = new Flow({ ...declaration, number: declaration.flow }, base);
    this.#host.addFlow(flow);
    flow.upstream = upstream;
    upstream.flows.add(flow);
    flow.accepting = upstream.wants.coversAsked(flow.topic);
    return flow;
  }

  /** Its leaf hangs on another gateway now; number and positions stay what they were. */
  #rehome(flow: Flow, upstream: Upstream, { home, incarnation, epoch }: FlowDeclaration): void {
    flow.upstream?.flows.delete(flow);
    flow.home = home;
    flow.incarnation = incarnation;
    flow.epoch = epoch;
    flow.orphanedAtMs = undefined;
    flow.refetching = false;
    flow.upstream = upstream;
    upstream.flows.add(flow);
    flow.accepting = upstream.wants.coversAsked(flow.topic);
    // One that has not begun here yet is given to nobody before it does.
    if (!flow.announced) return;
    this.refetch(flow);
    this.#host.localWants.offer(flow, flow.log.head + 1);
    this.#host.children.onRehomed(flow);
  }

  /** @param offeredMs For so long others may begin there too, in ms. */
  onStart(flow: Flow, base: number, offeredMs: number): void {
    const upstream = flow.upstream!;
    // What was asked of it before it knew the flow was not heard.
    flow.refetching = false;
    // What comes before ATTACHED is taken in as well: it need not come again then.
    flow.accepting = true;
    if (flow.announced) {
      // Known from before: what lies between is owed.
      if (flow.position < base) this.refetch(flow);
      return;
    }
    // A want that resumes is owed the whole flow, whatever another, fresh one begins with.
    if (upstream.owes(flow.topic)) return this.refetch(flow);
    flow.log.reset(base);
    if (offeredMs > 0) flow.offer = { from: base + 1, untilMs: this.#host.now() + offeredMs };
    this.announce(flow, base + 1);
  }

  announce(flow: Flow, next: number): void {
    flow.announced = true;
    const owed = this.#host.localWants.offer(flow, next);
    this.#host.children.offer(flow, next);
    if (!owed || next > flow.log.base) return;
    // It was known by what a child holds of it, and nothing has come yet.
    flow.log.reset(next - 1);
    flow.refetching = false;
    this.refetch(flow);
  }
}
