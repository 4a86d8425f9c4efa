/**
 * The feed protocol: for each origin this node attaches at one upstream, its own next hop, for everything wanted here
 * and by all attached here, with the last number it holds of each flow; and it serves its children in the same way.
 * Within a flow only the next number is taken, so nothing arrives twice or out of order on any topology, and a lost
 * edge, a reroute and a new leaf are one thing: attach again with positions.
 */
import type { Authorize } from "../auth/index.ts";
import type { Clock, Random } from "../base/clock.ts";
import { MeshError } from "../base/errors.ts";
import { type NodeId, randomFlowNumber } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import { matches } from "../base/topic-pattern.ts";
import type { Flushable, Turn } from "../base/turn.ts";
import type { Edge, LocalNode } from "../edge/index.ts";
import {
  type AttachBody,
  control,
  DATA_HEAD_BYTES,
  dataFlow,
  dataHeadBytes,
  dataPayloadFrom,
  dataSeq,
  type FlowDeclaration,
  FrameType,
  type GapReason,
  Lane,
  type Reliability,
  writeDataHead,
} from "../wire/index.ts";
import { Child, type ChildHost } from "./child.ts";
import { Flow } from "./flow.ts";
import { type Listener, LocalWant } from "./local-want.ts";
import { Log } from "./log.ts";
import { AttachBatch, EVERY_ORIGIN, Upstream } from "./upstream.ts";

/** What feeds need to know of the control plane. */
export interface FeedsHost {
  readonly local: LocalNode;
  readonly clock: Clock;
  readonly random: Random;
  readonly turn: Turn;
  readonly authorize: Authorize;
  readonly logBytes: number;
  incarnation(): number;
  /** Reachable peers, this node left out, with their incarnation. */
  origins(): Iterable<{ readonly id: NodeId; readonly incarnation: number }>;
  /** What became of a peer: its present incarnation, "gone" after a goodbye, undefined when nothing is known. */
  fate(peer: NodeId): number | "gone" | undefined;
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
  /** Volatile messages dropped on the way out. */
  volatileDrops: number;
}

export class Feeds implements ChildHost, Flushable {
  readonly log: Log;
  readonly counters: FeedCounters = { duplicates: 0, unwanted: 0, resumes: 0, gaps: 0, volatileDrops: 0 };
  readonly #host: FeedsHost;
  readonly #flows = new Map<number, Flow>();
  /** This node's own open flows, by reliability and topic. */
  readonly #own: Record<Reliability, Map<string, Flow>> = { reliable: new Map(), volatile: new Map() };
  /** Own flows, those of this node's leaves left out. */
  readonly #ownFlows = new Set<Flow>();
  readonly #upstreams = new Map<NodeId, Upstream>();
  readonly #children = new Map<Edge, Child>();
  readonly #localWants = new Set<LocalWant>();
  readonly #dirty = new Set<NodeId>();
  /** The flow of the last data frame, to save a look-up. */
  #lastFlow: Flow | undefined;
  /** Counts the gateways this leaf has hung on. */
  #epoch = 0;
  #queued = false;
  #sweeper: Disposable | undefined;

  constructor(host: FeedsHost) {
    this.#host = host;
    this.log = new Log(host.logBytes);
    if (this.#isLeaf) this.#upstreams.set(EVERY_ORIGIN, new Upstream("every", EVERY_ORIGIN, 0));
    this.#sweepLater();
  }

  get #self(): NodeId {
    return this.#host.local.identity.id;
  }

  get #isLeaf(): boolean {
    return this.#host.local.role === "leaf";
  }

  get flowCount(): number {
    return this.#flows.size;
  }

  // ---- for the streamer

  /**
   * Append a message to this node's own flow of `topic`. Copies small payloads; larger ones are kept as they are and
   * must not be modified any more.
   */
  publish(topic: string, reliability: Reliability, raw: boolean, headers: Uint8Array | undefined, payload: Uint8Array): Flow {
    const flow = this.#own[reliability].get(topic) ?? this.#openFlow(topic, reliability);
    const seq = flow.log.head + 1;
    const { bytes, at } = this.log.append(flow.log, dataHeadBytes(headers), payload);
    const lane = reliability === "reliable" ? Lane.reliable : Lane.volatile;
    writeDataHead(bytes, at, lane, flow.number, seq, this.#host.clock.wallNow(), raw, headers, payload.byteLength);
    for (const reader of flow.readers) reader.onHead(flow);
    return flow;
  }

  /** Want `pattern` from every origin. */
  want(pattern: string, listener: Listener): LocalWant {
    const want = new LocalWant(pattern, listener);
    this.#localWants.add(want);
    for (const flow of this.#ownFlows) if (matches(pattern, flow.topic)) want.read(flow, flow.log.head + 1);
    want.active.add(this.#self);
    for (const upstream of this.#upstreams.values()) {
      if (upstream.confirmed(pattern)) this.#activateLocal(want, upstream);
      this.#touch(upstream.origin);
    }
    this.#wake();
    return want;
  }

  unwant(want: LocalWant): void {
    if (!this.#localWants.delete(want)) return;
    want.close();
    this.#touchAll();
  }

  /** Where a held message lies, or undefined when it is not held any more. */
  locate(flow: Flow, seq: number): ReturnType<Log["locate"]> | undefined {
    return seq > flow.log.base && seq <= flow.log.head ? this.log.locate(flow.log, seq) : undefined;
  }

  // ---- from the mesh and its edges

  onEdgeOpen(edge: Edge): void {
    if (edge.role === "leaf") {
      const known = this.#upstreams.get(edge.id);
      if (known && known.incarnation !== edge.peer.incarnation) this.#endUpstream(known, "origin-lost");
      const upstream = this.#upstreams.get(edge.id) ?? this.#openLeafUpstream(edge);
      upstream.lostAtMs = undefined;
      upstream.moveTo(edge);
    }
    if (this.#isLeaf) this.#epoch++;
    this.#touchAll();
  }

  onEdgeClosed(edge: Edge): void {
    const child = this.#children.get(edge);
    if (child) this.#dropChild(child);
    for (const upstream of this.#upstreams.values()) upstream.onEdgeClosed(edge);
    const leaf = this.#upstreams.get(edge.id);
    if (leaf?.kind === "leaf" && !leaf.edge) leaf.lostAtMs = this.#host.clock.now();
    this.#touchAll();
  }

  /** Routes or records changed. */
  onMeshChange(): void {
    if (!this.#isLeaf) {
      for (const { id, incarnation } of this.#host.origins()) {
        const known = this.#upstreams.get(id);
        if (known && known.incarnation !== incarnation) this.#endUpstream(known, "origin-lost");
        if (!this.#upstreams.has(id)) this.#openUpstream(new Upstream("peer", id, incarnation));
      }
    }
    for (const upstream of [...this.#upstreams.values()]) {
      if (upstream.kind === "every") this.#endLostFlows(upstream);
      else if (upstream.kind === "peer" && this.#host.fate(upstream.origin) === undefined) this.#endUpstream(upstream, "origin-lost");
    }
    this.#touchAll();
  }

  /** @returns Whether the frame was ours. @throws {MeshError} to close the edge. */
  onFrame(edge: Edge, type: number, bytes: Uint8Array, at: number, length: number): boolean {
    if (type === FrameType.data) {
      this.#onData(edge, bytes, at, length);
      return true;
    }
    const frame = bytes.subarray(at, at + length);
    switch (type) {
      case FrameType.flow:
        this.#onFlow(edge, control.flow.decode(frame));
        return true;
      case FrameType.attach:
        this.#onAttach(edge, control.attach.decode(frame));
        return true;
      case FrameType.attached: {
        const { origins, patterns } = control.attached.decode(frame);
        for (const upstream of this.#upstreamsNamed(origins)) if (upstream.edge === edge) this.#onAttached(upstream, patterns);
        return true;
      }
      case FrameType.detach: {
        const { origins, patterns } = control.detach.decode(frame);
        const child = this.#children.get(edge);
        if (child) this.#detach(child, origins, patterns);
        return true;
      }
      case FrameType.start: {
        const { flow: number, base } = control.start.decode(frame);
        this.#onStart(number, base, edge);
        return true;
      }
      case FrameType.gap: {
        const { flow: number, to, reason } = control.gap.decode(frame);
        const flow = this.#fedFlow(number, edge);
        if (flow && to > flow.log.head) this.#lose(flow, to, reason);
        return true;
      }
      case FrameType.skip: {
        const { flow: number, to } = control.skip.decode(frame);
        const flow = this.#fedFlow(number, edge);
        if (flow && to > flow.log.head) this.#skip(flow, to);
        return true;
      }
      default:
        return false;
    }
  }

  // ---- messages coming in

  #onData(edge: Edge, bytes: Uint8Array, at: number, length: number): void {
    if (length < DATA_HEAD_BYTES) throw new MeshError("malformed-frame", `a data frame of ${length} bytes is shorter than its head`);
    const number = dataFlow(bytes, at);
    let flow = this.#lastFlow;
    if (flow?.number !== number) {
      flow = this.#flows.get(number);
      if (!flow) {
        this.counters.unwanted++;
        return;
      }
      this.#lastFlow = flow;
    }
    const upstream = flow.upstream;
    if (!flow.accepting || !upstream?.fedBy(edge)) {
      this.counters.unwanted++;
      return;
    }
    const seq = dataSeq(bytes, at);
    if (!flow.announced) this.#announce(flow, 1);
    const { head } = flow.log;
    if (seq <= head) {
      this.counters.duplicates++;
      return;
    }
    if (edge.role === "leaf" && length > LIMITS.leafMessageBytes + LIMITS.headerBytes) throw new MeshError("too-large", `a message of ${length} bytes from a leaf`);
    const payloadFrom = dataPayloadFrom(bytes, at, length);
    if (seq !== head + 1) {
      if (flow.reliability === "reliable") {
        if (upstream.edge === edge) this.#refetch(flow, upstream);
        return;
      }
      this.#skip(flow, seq - 1);
    }
    flow.refetching = false;
    this.log.appendFrame(flow.log, bytes, at, length, payloadFrom);
    for (const reader of flow.readers) reader.onHead(flow);
  }

  #refetch(flow: Flow, upstream: Upstream): void {
    if (flow.refetching || !upstream.edge) return;
    flow.refetching = true;
    this.counters.resumes++;
    const positions = [{ flow: flow.number, seq: flow.log.head }];
    upstream.edge.send(Lane.control, [control.attach.encode({ origins: upstream.refs, wants: [], positions })]);
  }

  #lose(flow: Flow, to: number, reason: GapReason): void {
    if (!flow.announced) this.#announce(flow, 1);
    flow.refetching = false;
    flow.log.lose(to);
    for (const reader of [...flow.readers]) reader.onGap(flow, to, reason);
  }

  #skip(flow: Flow, to: number): void {
    if (!flow.announced) this.#announce(flow, 1);
    flow.log.lose(to);
    for (const reader of [...flow.readers]) reader.onSkip(flow, to);
  }

  /** A flow known here that `edge` may speak for. */
  #fedFlow(number: number, edge: Edge): Flow | undefined {
    const flow = this.#flows.get(number);
    return flow && flow.upstream?.edge === edge ? flow : undefined;
  }

  #onFlow(edge: Edge, declaration: FlowDeclaration): void {
    if (declaration.origin === this.#self) return; // our own, told back before its positions
    const upstream = this.#upstreamFor(declaration);
    if (upstream?.fedBy(edge) && upstream.covers(declaration.topic, false)) {
      this.#ensureFlow(upstream, declaration, 0);
      return;
    }
    const child = this.#childOf(edge);
    if (child.declared.size >= LIMITS.flows) throw new MeshError("too-large", `${child.declared.size} flows declared and not attached to`);
    child.declared.set(declaration.flow, { declaration, seq: undefined });
  }

  #ensureFlow(upstream: Upstream, declaration: FlowDeclaration, base: number): Flow {
    const known = this.#flows.get(declaration.flow);
    if (known) {
      if (known.topic !== declaration.topic || known.origin !== declaration.origin) {
        throw new MeshError("malformed-frame", `flow ${declaration.flow} was declared as two different flows`);
      }
      if (declaration.epoch <= known.epoch) return known;
      this.#rehome(known, upstream, declaration);
      return known;
    }
    const flow = new Flow({ ...declaration, number: declaration.flow }, base);
    this.#flows.set(flow.number, flow);
    flow.upstream = upstream;
    upstream.flows.add(flow);
    flow.accepting = upstream.covers(flow.topic, true);
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
    flow.accepting = upstream.covers(flow.topic, true);
    if (upstream.edge && flow.announced) this.#refetch(flow, upstream);
    for (const want of this.#localWants) if (want.active.has(upstream.origin) && matches(want.pattern, flow.topic)) want.read(flow, flow.log.head + 1);
    for (const child of this.#children.values()) {
      if (child.cursors.has(flow.number)) child.edge.send(Lane.control, [this.declare(flow, child.edge)]);
      else if (flow.origin !== child.edge.id && this.#isActive(child, flow)) this.#begin(child, flow, flow.log.head + 1);
    }
  }

  #onStart(number: number, base: number, edge: Edge): void {
    const flow = this.#fedFlow(number, edge);
    if (!flow) return;
    const upstream = flow.upstream!;
    if (flow.announced) {
      if (flow.log.head < base) this.#refetch(flow, upstream); // known from before: what lies between is owed
      return;
    }
    // A want that resumes is owed the whole flow, whatever another, fresh one begins with.
    if (upstream.owes(flow.topic)) return this.#refetch(flow, upstream);
    flow.log.reset(base);
    this.#announce(flow, base + 1);
  }

  /** The flow is new here and begins with number `next`: give it to everybody who is active already. */
  #announce(flow: Flow, next: number): void {
    flow.announced = true;
    const upstream = flow.upstream;
    const activeAt = upstream?.origin ?? this.#self;
    let owed = false;
    for (const want of this.#localWants) {
      if (!want.active.has(activeAt) || !matches(want.pattern, flow.topic)) continue;
      want.read(flow, next);
      owed = next <= flow.log.base;
    }
    for (const child of this.#children.values()) {
      if (flow.origin !== child.edge.id && this.#isActive(child, flow)) this.#begin(child, flow, next);
    }
    if (owed) this.rewind(flow, next - 1);
  }

  #isActive(child: Child, flow: Flow): boolean {
    for (const [pattern, want] of child.wants.get(flow.home) ?? []) if (!want.waiting && matches(pattern, flow.topic)) return true;
    return false;
  }

  /** Read from `next` on; a flow that does not begin with its first number says where it begins. */
  #begin(child: Child, flow: Flow, next: number): void {
    if (next === 1) return child.read(flow, 1, false);
    child.edge.send(Lane.control, [this.declare(flow, child.edge)]);
    child.edge.send(Lane.control, [control.start.encode({ flow: flow.number, base: next - 1 })]);
    child.read(flow, next, true);
  }

  // ---- own flows

  #openFlow(topic: string, reliability: Reliability): Flow {
    const flow = new Flow(
      {
        number: randomFlowNumber(this.#host.random),
        home: this.#self,
        incarnation: this.#host.incarnation(),
        origin: this.#self,
        epoch: 0,
        topic,
        reliability,
      },
      0,
    );
    this.#flows.set(flow.number, flow);
    this.#own[reliability].set(topic, flow);
    this.#ownFlows.add(flow);
    this.#announce(flow, 1);
    return flow;
  }

  // ---- upstream side

  #openUpstream(upstream: Upstream): void {
    this.#upstreams.set(upstream.origin, upstream);
    const origin = { id: upstream.origin, incarnation: upstream.incarnation };
    for (const child of this.#children.values()) {
      this.#adoptDeclared(child, origin);
      // A leaf wants from everybody, newcomers included; a peer may have asked before the record came.
      for (const [pattern, { fresh }] of child.everywhere) this.#addWant(child, origin, pattern, fresh);
      for (const [pattern, { fresh }] of child.wants.get(origin.id) ?? []) this.#addWant(child, origin, pattern, fresh);
    }
  }

  /**
   * A leaf comes with what it published before, here or elsewhere: what is wanted already is owed all of it. Who has it
   * from another gateway knows by its positions.
   */
  #openLeafUpstream(edge: Edge): Upstream {
    const upstream = new Upstream("leaf", edge.id, edge.peer.incarnation);
    this.#upstreams.set(edge.id, upstream);
    for (const pattern of this.#demand(upstream)) this.#claim(upstream, pattern);
    for (const child of this.#children.values()) this.#adoptDeclared(child, { id: this.#self, incarnation: this.#host.incarnation() });
    return upstream;
  }

  /** Whoever wants `pattern` has missed nothing of this origin so far, and tells from where to go on. */
  #claim(upstream: Upstream, pattern: string): void {
    if (upstream.confirmed(pattern)) return;
    upstream.wants.set(pattern, { confirmed: false, sent: false, attached: false });
    this.#confirm(upstream, pattern);
  }

  #upstreamFor(flow: { readonly home: NodeId; readonly origin: NodeId }): Upstream | undefined {
    if (this.#isLeaf) return this.#upstreams.get(EVERY_ORIGIN);
    return this.#upstreams.get(flow.home === this.#self ? flow.origin : flow.home);
  }

  *#upstreamsNamed(origins: AttachBody["origins"]): Generator<Upstream> {
    if (origins.length === 0 && this.#isLeaf) yield this.#upstreams.get(EVERY_ORIGIN)!;
    for (const { id, incarnation } of origins) {
      const upstream = this.#upstreams.get(id);
      if (upstream?.incarnation === incarnation) yield upstream;
    }
  }

  #touch(origin: NodeId): void {
    this.#dirty.add(origin);
    this.#wake();
  }

  #touchAll(): void {
    for (const origin of this.#upstreams.keys()) this.#dirty.add(origin);
    this.#wake();
  }

  #wake(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.#host.turn.read(this);
  }

  flush(): void {
    this.#queued = false;
    const batch = new AttachBatch();
    for (const origin of this.#dirty) {
      const upstream = this.#upstreams.get(origin);
      if (upstream) this.#reconcile(upstream, batch);
    }
    this.#dirty.clear();
    batch.send((flow, edge) => this.declare(flow, edge));
    this.#answerReady();
  }

  #reconcile(upstream: Upstream, batch: AttachBatch): void {
    const hop = upstream.kind === "leaf" ? upstream.edge : this.#host.nextHop(upstream.origin);
    upstream.reachable = hop?.open === true;
    if (hop?.open) upstream.moveTo(hop);
    const demand = this.#demand(upstream);
    const dropped = [...upstream.wants.keys()].filter((pattern) => !demand.has(pattern));
    for (const pattern of dropped) upstream.wants.delete(pattern);
    if (dropped.length > 0) {
      upstream.edge?.send(Lane.control, [control.detach.encode({ origins: upstream.refs, patterns: dropped })]);
      for (const flow of [...upstream.flows]) if (!upstream.covers(flow.topic, false)) this.#forgetFlow(flow);
      for (const flow of upstream.flows) flow.accepting = upstream.covers(flow.topic, true);
    }
    for (const pattern of demand) {
      if (!upstream.wants.has(pattern)) upstream.wants.set(pattern, { confirmed: false, sent: false, attached: false });
    }
    const { edge } = upstream;
    if (!edge?.open) return;
    const unsent = [...upstream.wants].filter(([, want]) => !want.sent);
    if (unsent.length === 0) return;
    const resumed = unsent.filter(([, want]) => want.confirmed).map(([pattern]) => pattern);
    const flows = [...upstream.flows].filter(
      (flow) => flow.accepting && flow.reliability === "reliable" && resumed.some((pattern) => matches(pattern, flow.topic)),
    );
    for (const [, want] of unsent) want.sent = true;
    batch.add(upstream, edge, unsent.map(([pattern, want]) => ({ pattern, fresh: !want.confirmed })), flows);
  }

  /** Every pattern wanted of `upstream`'s origin, here or by a child; what only that very leaf wants is left out. */
  #demand(upstream: Upstream): Set<string> {
    const demand = new Set<string>();
    for (const want of this.#localWants) demand.add(want.pattern);
    const home = upstream.kind === "leaf" ? this.#self : upstream.origin;
    for (const child of this.#children.values()) {
      if (child.edge === upstream.edge) continue;
      for (const pattern of child.wants.get(home)?.keys() ?? []) demand.add(pattern);
    }
    return demand;
  }

  #onAttached(upstream: Upstream, patterns: readonly string[]): void {
    for (const pattern of patterns) {
      const want = upstream.wants.get(pattern);
      if (!want?.sent) continue;
      want.attached = true;
      if (!want.confirmed) this.#confirm(upstream, pattern);
      for (const child of this.#children.values()) this.#answer(child, upstream, pattern);
    }
    if (upstream.previous && upstream.allAttached) upstream.releasePrevious();
    this.#wake();
  }

  /** From now on nothing that matches is missed. */
  #confirm(upstream: Upstream, pattern: string): void {
    upstream.wants.get(pattern)!.confirmed = true;
    for (const flow of upstream.flows) {
      if (flow.accepting || !matches(pattern, flow.topic)) continue;
      flow.accepting = true;
      // Known from before: what came while it was not accepted is asked for again.
      flow.refetching = false;
      if (flow.announced && upstream.wants.get(pattern)!.attached) this.#refetch(flow, upstream);
    }
    for (const want of this.#localWants) if (want.pattern === pattern) this.#activateLocal(want, upstream);
  }

  #activateLocal(want: LocalWant, upstream: Upstream): void {
    if (want.active.has(upstream.origin)) return;
    want.active.add(upstream.origin);
    for (const flow of upstream.flows) if (flow.announced && matches(want.pattern, flow.topic)) want.read(flow, flow.log.head + 1);
  }

  /** Tell waiting subscriptions and leaves when every origin now reachable has confirmed. */
  #answerReady(): void {
    if (!this.#host.joined()) return;
    for (const want of this.#localWants) if (!want.isReady && this.#confirmedEverywhere(want.pattern)) want.nowReady();
    for (const child of this.#children.values()) {
      const patterns: string[] = [];
      for (const [pattern, state] of child.everywhere) {
        if (state.answered || !this.#confirmedEverywhere(pattern)) continue;
        state.answered = true;
        patterns.push(pattern);
      }
      if (patterns.length > 0) child.edge.send(Lane.control, [control.attached.encode({ origins: [], patterns })]);
    }
  }

  #confirmedEverywhere(pattern: string): boolean {
    for (const upstream of this.#upstreams.values()) {
      // Leaves are not waited for: one that sleeps must not hold up the others.
      if (upstream.kind === "leaf") continue;
      if ((upstream.kind === "every" || upstream.reachable) && !upstream.confirmed(pattern)) return false;
    }
    return true;
  }

  // ---- child side

  #childOf(edge: Edge): Child {
    let child = this.#children.get(edge);
    if (!child) this.#children.set(edge, (child = new Child(edge, this)));
    return child;
  }

  #onAttach(edge: Edge, body: AttachBody): void {
    const child = this.#childOf(edge);
    if ((body.origins.length === 0) !== (edge.role === "leaf")) throw new MeshError("malformed-frame", `a ${edge.role} attached to ${body.origins.length} origins`);
    for (const { pattern } of body.wants) {
      if (!this.#host.authorize(edge.subject, "subscribe", pattern)) throw new MeshError("forbidden", `${edge.peer.name} may not subscribe to ${pattern}`);
    }
    for (const { pattern, fresh } of body.wants) if (edge.role === "leaf") child.everywhere.set(pattern, { fresh, answered: false });
    if (child.everywhere.size > LIMITS.leafSubscriptions) throw new MeshError("too-large", `${child.everywhere.size} subscriptions of one leaf`);
    this.#adoptPositions(child, body);
    const origins = edge.role === "leaf" ? this.#everyOrigin() : body.origins;
    for (const origin of origins) {
      if (origin.id === this.#self && origin.incarnation !== this.#host.incarnation() && !this.#isLeaf) continue; // a former life
      this.#adoptDeclared(child, origin);
      for (const want of body.wants) this.#addWant(child, origin, want.pattern, want.fresh);
      this.#touchOrigin(origin.id);
    }
  }

  *#everyOrigin(): Generator<{ id: NodeId; incarnation: number }> {
    yield { id: this.#self, incarnation: this.#host.incarnation() };
    for (const upstream of this.#upstreams.values()) {
      if (upstream.kind !== "leaf") yield { id: upstream.origin, incarnation: upstream.incarnation };
    }
  }

  /** Demand on `origin` changed; of this node's own origin that concerns its leaves. */
  #touchOrigin(origin: NodeId): void {
    if (origin !== this.#self) return this.#touch(origin);
    for (const upstream of this.#upstreams.values()) if (upstream.kind === "leaf") this.#touch(upstream.origin);
    this.#wake();
  }

  /** The child holds these flows up to these numbers. */
  #adoptPositions(child: Child, body: AttachBody): void {
    for (const { flow: number, seq } of body.positions) {
      const flow = this.#flows.get(number);
      const declared = child.declared.get(number);
      if (!flow && declared) declared.seq = seq;
      if (!flow) continue;
      if (flow.origin === this.#self && seq > flow.log.head) {
        throw new MeshError("malformed-frame", `${child.edge.peer.name} claims to hold number ${seq} of flow ${number}, which has come to ${flow.log.head}`);
      }
      // Without wants this asks again for what was sent already.
      if (body.wants.length > 0 || this.#isActive(child, flow)) child.read(flow, seq + 1, true);
    }
  }

  /** Flows of `origin` that only the child knew so far: go on where it stands. */
  #adoptDeclared(child: Child, origin: { id: NodeId; incarnation: number }): void {
    for (const [number, { declaration, seq }] of child.declared) {
      if (declaration.home !== origin.id) continue;
      const upstream = this.#upstreamFor(declaration);
      if (!upstream) continue; // kept for when its leaf is here
      child.declared.delete(number);
      if (seq === undefined || declaration.incarnation !== origin.incarnation) continue;
      const flow = this.#ensureFlow(upstream, declaration, seq);
      child.read(flow, seq + 1, true);
      if (!flow.announced) this.#announce(flow, 1);
    }
  }

  #addWant(child: Child, origin: { id: NodeId; incarnation: number }, pattern: string, fresh: boolean): void {
    const wants = child.wantsOf(origin.id);
    const want = { fresh, waiting: fresh, answered: child.edge.role === "leaf" };
    wants.set(pattern, want);
    if (origin.id === this.#self) {
      if (!fresh) for (const upstream of this.#upstreams.values()) if (upstream.kind === "leaf" && upstream.edge !== child.edge) this.#claim(upstream, pattern);
      this.#serve(child, this.#homeFlows(), pattern, fresh);
      return this.#sendAttached(child, origin, pattern, want);
    }
    const upstream = this.#upstreams.get(origin.id);
    if (!upstream) return; // served when its record arrives
    if (!fresh) this.#claim(upstream, pattern);
    if (!fresh) this.#serve(child, upstream.flows, pattern, false);
    this.#answer(child, upstream, pattern);
  }

  /** Flows whose home is this node: its own and its leaves'. */
  *#homeFlows(): Generator<Flow> {
    yield* this.#ownFlows;
    for (const upstream of this.#upstreams.values()) if (upstream.kind === "leaf") yield* upstream.flows;
  }

  /** Set cursors on every matching flow that has none: a fresh want begins now, a resumed one missed all of what it does not know. */
  #serve(child: Child, flows: Iterable<Flow>, pattern: string, fresh: boolean): void {
    for (const flow of flows) {
      if (flow.origin === child.edge.id || child.cursors.has(flow.number) || !matches(pattern, flow.topic)) continue;
      if (flow.announced) this.#begin(child, flow, fresh || flow.reliability === "volatile" ? flow.log.head + 1 : 1);
    }
  }

  /** Answer a child's want once this node is attached itself. */
  #answer(child: Child, upstream: Upstream, pattern: string): void {
    const want = child.wants.get(upstream.origin)?.get(pattern);
    const confirmed = upstream.confirmed(pattern);
    if (!want || !confirmed) return;
    if (want.waiting) {
      want.waiting = false;
      this.#serve(child, upstream.flows, pattern, true);
    }
    if (!want.answered && upstream.wants.get(pattern)!.attached) this.#sendAttached(child, { id: upstream.origin, incarnation: upstream.incarnation }, pattern, want);
  }

  #sendAttached(child: Child, origin: { id: NodeId; incarnation: number }, pattern: string, want: { waiting: boolean; answered: boolean }): void {
    want.waiting = false;
    if (want.answered) return;
    want.answered = true;
    child.edge.send(Lane.control, [control.attached.encode({ origins: [origin], patterns: [pattern] })]);
  }

  #detach(child: Child, origins: AttachBody["origins"], patterns: readonly string[]): void {
    const ids = origins.length > 0 ? origins.map((origin) => origin.id) : [...child.wants.keys()];
    for (const id of ids) {
      const wants = child.wants.get(id);
      for (const pattern of patterns.length > 0 ? patterns : [...(wants?.keys() ?? [])]) wants?.delete(pattern);
      this.#touchOrigin(id);
    }
    if (origins.length === 0) for (const pattern of patterns.length > 0 ? patterns : [...child.everywhere.keys()]) child.everywhere.delete(pattern);
    for (const cursor of [...child.cursors.values()]) {
      const wants = child.wants.get(cursor.flow.home);
      if (![...(wants?.keys() ?? [])].some((pattern) => matches(pattern, cursor.flow.topic))) child.stop(cursor);
    }
  }

  #dropChild(child: Child): void {
    this.#children.delete(child.edge);
    for (const cursor of [...child.cursors.values()]) child.stop(cursor);
  }

  // ---- for children

  lostUpTo(flow: Flow): number {
    return flow.origin === this.#self ? flow.log.base : flow.log.floor;
  }

  rewind(flow: Flow, after: number): void {
    flow.log.reset(after);
    flow.refetching = false;
    const upstream = flow.upstream;
    if (upstream) this.#refetch(flow, upstream);
  }

  declare(flow: Flow, edge: Edge): Uint8Array {
    // A leaf's flows are attached at its gateway, whichever that is just now.
    const { home, incarnation, epoch } =
      this.#isLeaf && flow.origin === this.#self ? { home: edge.id, incarnation: edge.peer.incarnation, epoch: this.#epoch } : flow;
    const { number, origin, reliability, topic } = flow;
    return control.flow.encode({ flow: number, home, incarnation, origin, epoch, reliability, topic });
  }

  onVolatileDrop(_flow: Flow, count: number): void {
    this.counters.volatileDrops += count;
  }

  // ---- ends

  /** Forget a flow that nobody wants any more, without a word. */
  #forgetFlow(flow: Flow): void {
    this.#flows.delete(flow.number);
    if (this.#lastFlow === flow) this.#lastFlow = undefined;
    this.#ownFlows.delete(flow);
    const own = this.#own[flow.reliability];
    if (own.get(flow.topic) === flow) own.delete(flow.topic);
    flow.upstream?.flows.delete(flow);
    for (const child of this.#children.values()) {
      const cursor = child.cursors.get(flow.number);
      if (cursor) child.stop(cursor);
    }
    for (const want of this.#localWants) want.forget(flow);
    this.log.release(flow.log);
  }

  #endFlow(flow: Flow, reason: GapReason): void {
    if (flow.reliability === "reliable") for (const reader of [...flow.readers]) reader.onGap(flow, Number.POSITIVE_INFINITY, reason);
    this.#forgetFlow(flow);
  }

  /** The gateway of the leaf that publishes it is gone; the leaf may come back at another one and go on. */
  #orphan(flow: Flow): void {
    flow.orphanedAtMs ??= this.#host.clock.now();
  }

  #endUpstream(upstream: Upstream, reason: GapReason): void {
    for (const flow of [...upstream.flows]) {
      if (flow.origin === upstream.origin) this.#endFlow(flow, reason);
      else this.#orphan(flow);
    }
    upstream.releasePrevious();
    this.#upstreams.delete(upstream.origin);
    for (const want of this.#localWants) want.active.delete(upstream.origin);
    for (const child of this.#children.values()) child.wants.delete(upstream.origin);
  }

  /** A leaf hears of its gateway's origins only through records. */
  #endLostFlows(upstream: Upstream): void {
    for (const flow of [...upstream.flows]) {
      const fate = this.#host.fate(flow.home);
      if (fate !== undefined && (fate === "gone" || fate === flow.incarnation)) continue;
      if (flow.origin === flow.home) this.#endFlow(flow, "origin-lost");
      else this.#orphan(flow);
    }
  }

  // ---- forgetting

  #sweepLater(): void {
    this.#sweeper = this.#host.clock.setTimer(SWEEP_MS, () => {
      this.#host.turn.run(() => this.#sweep(this.#host.clock.now()));
      this.#sweepLater();
    });
  }

  /** Own flows idle for longer than the log's age get a new number when they wake; so a forgotten position is never asked for. */
  #sweep(nowMs: number): void {
    this.log.sweep(nowMs, LIMITS.logAgeMs);
    for (const upstream of [...this.#upstreams.values()]) {
      if (upstream.lostAtMs !== undefined && nowMs - upstream.lostAtMs > LIMITS.leafLeaseMs) this.#endUpstream(upstream, "origin-lost");
    }
    for (const flow of [...this.#flows.values()]) {
      if (flow.orphanedAtMs !== undefined && nowMs - flow.orphanedAtMs > LIMITS.leafLeaseMs) {
        this.#endFlow(flow, "origin-lost");
        continue;
      }
      if (flow.sweptHead !== flow.log.head) {
        flow.sweptHead = flow.log.head;
        flow.idleSinceMs = nowMs;
        continue;
      }
      const idleMs = nowMs - flow.idleSinceMs;
      const own = this.#own[flow.reliability];
      if (idleMs > LIMITS.logAgeMs && own.get(flow.topic) === flow) own.delete(flow.topic);
      if (idleMs > LIMITS.positionAgeMs) this.#forgetFlow(flow);
    }
  }

  close(): void {
    this.#sweeper?.[Symbol.dispose]();
    for (const want of [...this.#localWants]) this.unwant(want);
  }
}

const SWEEP_MS = 60_000;
