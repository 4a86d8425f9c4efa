/**
 * The serving side of feeds: the neighbours that read from this node. A fresh want begins with what comes next, a
 * resumed one goes on after the positions it tells and is owed the whole of every flow it does not know.
 */
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import { matches } from "../base/topic-pattern.ts";
import type { Edge } from "../edge/index.ts";
import { type AttachBody, control, type FlowDeclaration, Lane, type OriginRef } from "../wire/index.ts";
import { Answers, sendAttached } from "./answers.ts";
import { Child, type ChildHost, type Cursor } from "./child.ts";
import type { Flow } from "./flow.ts";
import type { FlowTable } from "./flow-table.ts";
import type { Ingress } from "./ingress.ts";
import type { Relaying } from "./relay-policy.ts";
import { EVERY_ORIGIN, type Upstream } from "./upstream.ts";
import type { Wants } from "./want-table.ts";

/** What serving needs of the asking side (`attachments.ts`). */
export interface Sources {
  /** The upstream of an origin other than this node. */
  of(origin: NodeId): Upstream | undefined;
  /** Where a flow comes in. */
  for(flow: { readonly home: NodeId; readonly origin: NodeId }): Upstream | undefined;
  /** The upstreams of this node's leaves. */
  leaves(): Iterable<Upstream>;
  /** Origins a leaf's wants go to: this node and every peer. */
  origins(): Iterable<OriginRef>;
  /** Flows whose home is this node: its own and its leaves'. */
  homeFlows(): Iterable<Flow>;
  claim(upstream: Upstream, pattern: string): void;
  ensureFlow(upstream: Upstream, declaration: FlowDeclaration, base: number): Flow;
  /** The flow begins with number `next`: give it to everybody active. */
  announce(flow: Flow, next: number): void;
  /** What is wanted of `origin` has changed. */
  touch(origin: NodeId): void;
  /** What a set of all patterns takes that have been asked for so far, in bytes. */
  readonly setBytes: number;
}

export interface ChildrenHost extends ChildHost {
  readonly self: NodeId;
  readonly isLeaf: boolean;
  readonly ingress: Ingress;
  readonly relay: Relaying;
  incarnation(): number;
  now(): number;
  /** Something that a neighbour wants is kept from it, because it is not relayed. */
  onNotRelayed(): void;
}

export class Children {
  readonly #host: ChildrenHost;
  readonly #flows: FlowTable;
  readonly #sources: Sources;
  readonly #byEdge = new Map<Edge, Child>();
  readonly #answers = new Answers();

  constructor(host: ChildrenHost, flows: FlowTable, sources: Sources) {
    this.#host = host;
    this.#flows = flows;
    this.#sources = sources;
  }

  onEdgeClosed(edge: Edge): void {
    const child = this.#byEdge.get(edge);
    if (!child) return;
    this.#byEdge.delete(edge);
    for (const cursor of [...child.cursors.values()]) child.stop(cursor);
  }

  /** Flows of this node's own that are read over `edge`, and how far they were given. */
  *given(edge: Edge): Generator<Cursor> {
    for (const cursor of this.#byEdge.get(edge)?.cursors.values() ?? [])
      if (cursor.flow.origin === this.#host.self) yield cursor;
  }

  // ---- frames

  /**
   * A neighbour tells of a flow: one that it is about to attach to, or, with `isFed`, perhaps one that it feeds; then only what
   * it told before is out of date.
   * @throws {MeshError} `too-large`
   */
  onFlow(edge: Edge, declaration: FlowDeclaration, isFed: boolean): void {
    if (!isFed) return this.#childOf(edge).declared.tell(declaration);
    this.#byEdge.get(edge)?.declared.tellAgain(declaration);
  }

  /** @throws {MeshError} `malformed-frame`, `too-large` */
  onAttach(edge: Edge, asked: AttachBody): void {
    const child = this.#childOf(edge);
    const isLeaf = edge.role === "leaf";
    if ((asked.origins.length === 0) !== isLeaf)
      throw new MeshError("malformed-frame", `a ${edge.role} attached to ${asked.origins.length} origins`);
    const { origins, wants, positions } = this.#admitted(child, asked);
    this.#adoptPositions(child, positions, wants);
    child.wants.add(isLeaf ? [EVERY_ORIGIN] : origins.map(({ id }) => id), wants);
    if (isLeaf) {
      for (const { pattern } of wants) child.unanswered.add(pattern);
      this.#sources.touch(edge.id);
      const { size } = child.wants.of(EVERY_ORIGIN);
      if (size > LIMITS.leafSubscriptions)
        throw new MeshError(
          "too-large",
          `${size} subscriptions of one leaf; LIMITS.leafSubscriptions is ${LIMITS.leafSubscriptions}`,
        );
    }
    this.checkMemory(this.#sources.setBytes + child.wants.patterns / 8, child);
    this.#adoptDeclared(child, origins);
    for (const { pattern } of wants) if (this.#host.relay.passesNothingOf(pattern)) this.#host.onNotRelayed();
    const entries = wants.map(({ pattern, fresh }) => [pattern, fresh] as const);
    for (const origin of origins) {
      this.#serveWants(child, origin, entries);
      this.#sources.touch(origin.id);
    }
    // Told of and not attached to: our own wants had just ended.
    if (wants.length > 0)
      for (const [number, { seq }] of child.declared) if (seq === undefined) child.declared.delete(number);
  }

  /** What of a request is allowed, a leaf's origins by name. The rest is answered too, so that nobody waits for it. */
  #admitted(child: Child, { origins, wants, positions }: AttachBody): AttachBody {
    const { edge } = child;
    const allowed: AttachBody["wants"][number][] = [];
    const refused: string[] = [];
    for (const want of wants)
      if (this.#host.ingress.admitsOrTells(edge, "subscribe", want.pattern)) allowed.push(want);
      else refused.push(want.pattern);
    if (refused.length > 0) sendAttached(edge, origins, refused);
    const relayed: OriginRef[] = [];
    const barred: OriginRef[] = [];
    for (const origin of edge.role === "leaf" ? this.#sources.origins() : origins) {
      // Our own former life is asked for nothing any more.
      const isSelf = origin.id === this.#host.self && !this.#host.isLeaf;
      if (isSelf && origin.incarnation !== this.#host.incarnation()) continue;
      // Nor that of another: it hears of the new one, and asks again.
      if (origin.incarnation < (this.#sources.of(origin.id)?.incarnation ?? 0)) continue;
      (this.#relays(child, origin.id) ? relayed : barred).push(origin);
    }
    if (barred.length > 0 && allowed.length > 0 && edge.role !== "leaf")
      sendAttached(
        edge,
        barred,
        allowed.map(({ pattern }) => pattern),
      );
    return { origins: relayed, wants: allowed, positions };
  }

  /** Whether messages of `origin` are passed on to the child. */
  #relays(child: Child, origin: NodeId): boolean {
    const relays = origin === this.#host.self || this.#host.ingress.admitsOrTells(child.edge, "relay", origin);
    if (relays) child.barred.delete(origin);
    else child.barred.add(origin);
    if (child.barred.size > LIMITS.edgeOrigins)
      throw new MeshError(
        "too-large",
        `${child.barred.size} origins refused; LIMITS.edgeOrigins is ${LIMITS.edgeOrigins}`,
      );
    return relays;
  }

  /**
   * Whoever has a great many lists that differ pays for each pattern there is, whosever it is.
   * @param asking Where it is this one, it is not let in. @throws {MeshError} `too-large`
   */
  checkMemory(setBytes: number, asking?: Child): void {
    for (const child of this.#byEdge.values()) {
      const byteLength = child.wants.byteLength(setBytes);
      if (byteLength <= LIMITS.edgeWantsBytes) continue;
      const error = new MeshError(
        "too-large",
        `${Math.round(byteLength)} bytes for wants of one neighbour; LIMITS.edgeWantsBytes is ${LIMITS.edgeWantsBytes}`,
      );
      if (child === asking) throw error;
      child.edge.fail(error);
    }
  }

  /** No origin means all, no pattern means all. */
  onDetach(edge: Edge, origins: readonly OriginRef[], patterns: readonly string[]): void {
    const child = this.#byEdge.get(edge);
    if (!child) return;
    const ids = origins.length > 0 ? origins.map(({ id }) => id) : [...child.wants.origins];
    child.wants.delete(ids, patterns);
    for (const pattern of patterns.length > 0 ? patterns : [...child.unanswered]) child.unanswered.delete(pattern);
    if (edge.role === "leaf") for (const { id } of [edge, ...this.#sources.origins()]) this.#sources.touch(id);
    else for (const id of ids) this.#sources.touch(id);
    for (const cursor of [...child.cursors.values()]) if (!this.#wants(child, cursor.flow, true)) child.stop(cursor);
    // It may have forgotten what it told of: should it want that again, it is to be told.
    for (const [number, { declaration, seq }] of child.declared)
      if (seq !== undefined && !this.#wants(child, declaration, true)) child.declared.delete(number);
  }

  /** The neighbour takes nothing that this node publishes on `topic`; asking for it anew, it may have other rules. */
  onRefused(edge: Edge, topic: string): void {
    const child = this.#byEdge.get(edge);
    for (const cursor of [...(child?.cursors.values() ?? [])])
      if (cursor.flow.origin === this.#host.self && cursor.flow.topic === topic) child!.stop(cursor);
  }

  /** Whether what this node publishes on `topic` goes out over `edge` from now on. */
  reads(edge: Edge, topic: string): boolean {
    for (const pattern of this.#byEdge.get(edge)?.wantsOf(this.#host.self).keys() ?? [])
      if (matches(pattern, topic)) return true;
    return false;
  }

  // ---- from the asking side

  values(): Iterable<Child> {
    return this.#byEdge.values();
  }

  /** What of a child's wants is asked for further up. */
  *askedOnward(wants: Wants): Generator<string> {
    for (const pattern of wants.keys()) if (!this.#host.relay.passesNothingOf(pattern)) yield pattern;
  }

  /** The record of a peer has come: what was asked of it before is served now, and leaves want from newcomers too. */
  onOriginKnown(origin: OriginRef): void {
    for (const child of this.#byEdge.values()) {
      if (child.asked(origin.id).size > 0 && !this.#relays(child, origin.id)) continue;
      this.#adoptDeclared(child, [origin]);
      this.#serveWants(child, origin, child.wantsOf(origin.id));
    }
  }

  /** A leaf of this node has come: children may hold flows of it from elsewhere. */
  onLeafKnown(): void {
    for (const child of this.#byEdge.values())
      this.#adoptDeclared(child, [{ id: this.#host.self, incarnation: this.#host.incarnation() }]);
  }

  /** Give a flow to every child that is active for it, from `next` on. */
  offer(flow: Flow, next: number): void {
    for (const child of this.#byEdge.values()) {
      if (flow.origin === child.edge.id || !this.#wants(child, flow, false) || !this.#passes(flow)) continue;
      const told = child.declared.get(flow.number);
      if (told?.seq === undefined) this.#begin(child, flow, next);
      else this.#goOn(child, flow, told.declaration, told.seq);
      child.declared.delete(flow.number);
    }
  }

  /** The flow has another home now: tell those that read it, and those that want it from there. */
  onRehomed(flow: Flow): void {
    for (const child of this.#byEdge.values()) {
      const cursor = child.cursors.get(flow.number);
      // What is over is no news to whoever has not read it.
      const isNews = !flow.over && flow.origin !== child.edge.id && this.#wants(child, flow, false);
      if (cursor || (isNews && this.#passes(flow))) this.#begin(child, flow, cursor?.next ?? flow.log.head + 1);
    }
  }

  /** Nothing of `pattern` is missed at `upstream` from now on: begin with those that waited for it. */
  onConfirmed(upstream: Upstream, pattern: string): void {
    for (const child of this.#byEdge.values())
      if (child.wantsOf(upstream.origin).get(pattern)) this.#serve(child, upstream.flows, pattern, true);
  }

  /** This node is attached at `upstream` for `pattern`: answer all that want it. Who was answered before knows it already. */
  onAttached(upstream: Upstream, pattern: string): void {
    for (const child of this.#byEdge.values())
      if (child.wantsOf(upstream.origin).has(pattern)) this.#answer(child, upstream.ref, pattern);
  }

  /** Send the answers of this turn; tell leaves of those of their wants that are active everywhere now. */
  answer(isActive: (pattern: string) => boolean): void {
    this.#answers.send();
    for (const { edge, unanswered } of this.#byEdge.values()) {
      if (unanswered.size === 0) continue;
      const patterns = [...unanswered].filter(isActive);
      for (const pattern of patterns) unanswered.delete(pattern);
      if (patterns.length > 0) sendAttached(edge, [], patterns);
    }
  }

  forgetFlow(flow: Flow): void {
    for (const child of this.#byEdge.values()) {
      child.ahead.delete(flow.number);
      const cursor = child.cursors.get(flow.number);
      if (!cursor) continue;
      if (flow.over && !cursor.ended) child.edge.send(Lane.control, [child.endOf(cursor, flow.over)]);
      child.stop(cursor);
    }
  }

  // ---- positions

  /** The child holds these flows up to these numbers. */
  #adoptPositions(child: Child, positions: AttachBody["positions"], wants: AttachBody["wants"]): void {
    for (const { flow: number, seq } of positions) {
      const declared = child.declared.get(number);
      if (declared) declared.seq = seq;
      const flow = this.#flows.get(number);
      if (!flow || child.barred.has(flow.home)) continue;
      if (flow.origin === this.#host.self && seq > flow.log.head) {
        throw new MeshError(
          "malformed-frame",
          `${child.edge.peer.name} claims to hold number ${seq} of flow ${number}, which has come to ${flow.log.head}`,
        );
      }
      const isWanted = this.#wants(child, flow, false) || wants.some(({ pattern }) => matches(pattern, flow.topic));
      if (!isWanted) child.ahead.set(number, seq);
      if (!isWanted || !this.#passes(flow)) continue;
      // A gateway that goes on where it was knows a leaf's flow by an earlier epoch.
      if (this.#host.isLeaf && !child.cursors.has(number))
        child.edge.send(Lane.control, [this.#host.declare(flow, child.edge)]);
      child.read(flow, seq + 1, true);
    }
  }

  /**
   * Flows of these origins that the child told of: go on where it stands. What a peer tells of a flow unknown here is
   * believed, so that the rest can be asked for; a leaf's word only moves its own cursor, once the flow is known.
   */
  #adoptDeclared(child: Child, origins: readonly OriginRef[]): void {
    if (child.declared.size === 0) return;
    const incarnations = new Map(origins.map(({ id, incarnation }) => [id, incarnation]));
    for (const [number, { declaration, seq }] of child.declared) {
      const incarnation = incarnations.get(declaration.home);
      if (incarnation === undefined || seq === undefined) continue;
      const upstream = this.#sources.for(declaration);
      // Kept for when its leaf is here, or its life known.
      if (!upstream || (upstream.kind === "peer" && upstream.incarnation < incarnation)) continue;
      if (declaration.incarnation !== incarnation || !this.#passes(declaration)) {
        child.declared.delete(number);
        continue;
      }
      if (child.edge.role === "leaf" && !this.#flows.get(number)) continue;
      const flow = this.#sources.ensureFlow(upstream, declaration, seq);
      if (!this.#wants(child, flow, true)) continue;
      // While it is on record what the child holds, so that nobody begins it anew there.
      if (!flow.announced) this.#sources.announce(flow, 1);
      child.declared.delete(number);
      this.#goOn(child, flow, declaration, seq);
    }
  }

  /** Read after `seq`; the child told of the flow itself, but may have missed that its leaf has moved. */
  #goOn(child: Child, flow: Flow, { epoch }: FlowDeclaration, seq: number): void {
    if (flow.epoch > epoch) child.edge.send(Lane.control, [this.#host.declare(flow, child.edge)]);
    child.read(flow, seq + 1, true);
  }

  // ---- wants

  #childOf(edge: Edge): Child {
    let child = this.#byEdge.get(edge);
    if (!child) {
      child = new Child(edge, this.#host);
      this.#byEdge.set(edge, child);
    }
    return child;
  }

  #serveWants(child: Child, origin: OriginRef, wants: Iterable<readonly [pattern: string, fresh: boolean]>): void {
    const { relay } = this.#host;
    if (origin.id === this.#host.self) {
      for (const [pattern, fresh] of wants) {
        if (!fresh && !relay.passesNothingOf(pattern)) {
          for (const leaf of this.#sources.leaves()) if (leaf.edge !== child.edge) this.#sources.claim(leaf, pattern);
        }
        this.#serve(child, this.#sources.homeFlows(), pattern, fresh);
        this.#answer(child, origin, pattern);
      }
      return;
    }
    const upstream = this.#sources.of(origin.id);
    // Served when its record comes, or that of the life which is meant.
    if (upstream?.kind !== "peer" || upstream.incarnation !== origin.incarnation) return;
    for (const [pattern, fresh] of wants) {
      if (relay.passesNothingOf(pattern)) {
        this.#answer(child, origin, pattern);
        continue;
      }
      if (!fresh) this.#sources.claim(upstream, pattern);
      if (upstream.wants.isConfirmed(pattern)) this.#serve(child, upstream.flows, pattern, fresh);
      if (upstream.wants.isAttached(pattern)) this.#answer(child, origin, pattern);
    }
  }

  /** A leaf is answered for all origins at once. */
  #answer({ edge }: Child, origin: OriginRef, pattern: string): void {
    if (edge.role !== "leaf") this.#answers.add(edge, origin, pattern);
  }

  /** Set a cursor on every matching flow that has none. */
  #serve(child: Child, flows: Iterable<Flow>, pattern: string, fresh: boolean): void {
    for (const flow of flows) {
      if (!flow.announced || flow.origin === child.edge.id || child.cursors.has(flow.number)) continue;
      // What is over is no news to whoever begins now.
      if ((fresh && flow.over) || !matches(pattern, flow.topic) || !this.#passes(flow)) continue;
      const held = child.ahead.get(flow.number);
      child.ahead.delete(flow.number);
      if (held !== undefined && !fresh) {
        child.edge.send(Lane.control, [this.#host.declare(flow, child.edge)]);
        child.read(flow, held + 1, true);
      } else this.#begin(child, flow, fresh || flow.reliability === "volatile" ? flow.freshFrom(this.#host.now()) : 1);
    }
  }

  /** Whether the flow is passed on to those that want it. */
  #passes({ origin, topic }: Pick<Flow, "origin" | "topic">): boolean {
    if (origin === this.#host.self || this.#host.relay.passes(topic)) return true;
    this.#host.onNotRelayed();
    return false;
  }

  /** Read from `next` on; a flow that does not begin with its first number says where it begins. */
  #begin(child: Child, flow: Flow, next: number): void {
    child.edge.send(Lane.control, [this.#host.declare(flow, child.edge)]);
    const nowMs = this.#host.now();
    const offeredMs = flow.freshFrom(nowMs) === next && flow.offer ? Math.ceil(flow.offer.untilMs - nowMs) : 0;
    if (next > 1 || offeredMs > 0)
      child.edge.send(Lane.control, [control.start.encode({ flow: flow.number, base: next - 1, offeredMs })]);
    child.read(flow, next, true);
  }

  /** Whether some want of the child covers the flow; one that begins with ATTACHED, and waits for it, only when asked for. */
  #wants(child: Child, flow: Pick<Flow, "home" | "topic">, waitingToo: boolean): boolean {
    const isHome = flow.home === this.#host.self;
    for (const [pattern, fresh] of child.wantsOf(flow.home)) {
      const isActive = !fresh || isHome || this.#sources.of(flow.home)?.wants.isConfirmed(pattern);
      if ((isActive || waitingToo) && matches(pattern, flow.topic)) return true;
    }
    return false;
  }
}
