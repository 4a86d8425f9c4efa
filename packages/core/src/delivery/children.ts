/**
 * The serving side of feeds: the neighbours that read from this node. A fresh want begins with what comes next, a
 * resumed one goes on after the positions it tells and is owed the whole of every flow it does not know.
 */
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import { matches } from "../base/topic-pattern.ts";
import type { Edge } from "../edge/index.ts";
import { type AttachBody, control, type FlowDeclaration, inFrames, Lane, type OriginRef } from "../wire/index.ts";
import { Child, type ChildHost, type ChildWant } from "./child.ts";
import type { Flow } from "./flow.ts";
import type { FlowTable } from "./flow-table.ts";
import type { Ingress } from "./ingress.ts";
import type { Upstream } from "./upstream.ts";

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
}

export interface ChildrenHost extends ChildHost {
  readonly self: NodeId;
  readonly isLeaf: boolean;
  readonly ingress: Ingress;
  incarnation(): number;
}

export class Children {
  readonly #host: ChildrenHost;
  readonly #flows: FlowTable;
  readonly #sources: Sources;
  readonly #byEdge = new Map<Edge, Child>();

  constructor(host: ChildrenHost, flows: FlowTable, sources: Sources) {
    this.#host = host;
    this.#flows = flows;
    this.#sources = sources;
  }

  /** @returns Whether `edge` had been a child. */
  onEdgeClosed(edge: Edge): boolean {
    const child = this.#byEdge.get(edge);
    if (!child) return false;
    this.#byEdge.delete(edge);
    for (const cursor of [...child.cursors.values()]) child.stop(cursor);
    return true;
  }

  // ---- frames

  /** A neighbour tells of a flow it is about to attach to. @throws {MeshError} `too-large` */
  onFlow(edge: Edge, declaration: FlowDeclaration): void {
    const { declared } = this.#childOf(edge);
    if (declared.size >= LIMITS.flows)
      throw new MeshError("too-large", `${declared.size} flows declared and not attached to`);
    declared.set(declaration.flow, { declaration, seq: undefined });
  }

  /** @throws {MeshError} `malformed-frame`, `too-large` */
  onAttach(edge: Edge, asked: AttachBody): void {
    const child = this.#childOf(edge);
    const isLeaf = edge.role === "leaf";
    if ((asked.origins.length === 0) !== isLeaf)
      throw new MeshError("malformed-frame", `a ${edge.role} attached to ${asked.origins.length} origins`);
    const body = this.#admitted(child, asked);
    if (isLeaf) for (const { pattern, fresh } of body.wants) child.everywhere.set(pattern, { fresh, answered: false });
    if (child.everywhere.size > LIMITS.leafSubscriptions)
      throw new MeshError("too-large", `${child.everywhere.size} subscriptions of one leaf`);
    this.#adoptPositions(child, body);
    for (const origin of body.origins) {
      const formerLife =
        origin.id === this.#host.self && !this.#host.isLeaf && origin.incarnation !== this.#host.incarnation();
      if (formerLife) continue;
      for (const want of body.wants) this.#noteWant(child, origin, want.pattern, want.fresh);
      this.#adoptDeclared(child, origin);
      for (const want of body.wants) this.#serveWant(child, origin, want.pattern);
      this.#sources.touch(origin.id);
    }
    // Told of and not attached to: our own wants had just ended.
    if (body.wants.length > 0)
      for (const [number, { seq }] of child.declared) if (seq === undefined) child.declared.delete(number);
  }

  /** What of a request is allowed, a leaf's origins by name. The rest is answered too, so that nobody waits for it. */
  #admitted(child: Child, { origins, wants, positions }: AttachBody): AttachBody {
    const { edge } = child;
    const ingress = this.#host.ingress;
    const answer = (refused: readonly OriginRef[], patterns: readonly string[]): void => {
      for (const some of inFrames(patterns, (pattern) => pattern))
        edge.send(Lane.control, [control.attached.encode({ origins: refused, patterns: some })]);
    };
    const allowed = wants.filter(({ pattern }) => ingress.admitsOrTells(edge, "subscribe", pattern));
    const patterns = allowed.map(({ pattern }) => pattern);
    if (allowed.length < wants.length)
      answer(
        origins,
        wants.map(({ pattern }) => pattern).filter((pattern) => !patterns.includes(pattern)),
      );
    const relayed: OriginRef[] = [];
    for (const origin of edge.role === "leaf" ? this.#sources.origins() : origins) {
      if (this.#relays(child, origin.id)) relayed.push(origin);
      else if (edge.role !== "leaf") answer([origin], patterns);
    }
    return { origins: relayed, wants: allowed, positions };
  }

  /** Whether messages of `origin` are passed on to the child. */
  #relays(child: Child, origin: NodeId): boolean {
    const relays = origin === this.#host.self || this.#host.ingress.admitsOrTells(child.edge, "relay", origin);
    if (relays) child.barred.delete(origin);
    else child.barred.add(origin);
    return relays;
  }

  /** No origin means all, no pattern means all. */
  onDetach(edge: Edge, origins: readonly OriginRef[], patterns: readonly string[]): void {
    const child = this.#byEdge.get(edge);
    if (!child) return;
    for (const id of origins.length > 0 ? origins.map((origin) => origin.id) : [...child.wants.keys()]) {
      const wants = child.wantsOf(id);
      for (const pattern of patterns.length > 0 ? patterns : [...wants.keys()]) wants.delete(pattern);
      this.#sources.touch(id);
    }
    if (origins.length === 0)
      for (const pattern of patterns.length > 0 ? patterns : [...child.everywhere.keys()])
        child.everywhere.delete(pattern);
    for (const cursor of [...child.cursors.values()]) if (!this.#wants(child, cursor.flow, true)) child.stop(cursor);
  }

  /** Whether what this node publishes on `topic` goes out over `edge` from now on. */
  reads(edge: Edge, topic: string): boolean {
    for (const [pattern, want] of this.#byEdge.get(edge)?.wants.get(this.#host.self) ?? []) {
      if (!want.waiting && matches(pattern, topic)) return true;
    }
    return false;
  }

  // ---- from the asking side

  /** Every pattern that children other than `except` want of the origin `home`. */
  demand(home: NodeId, except: Edge | undefined, into: Set<string>): void {
    for (const child of this.#byEdge.values()) {
      if (child.edge === except) continue;
      for (const pattern of child.wants.get(home)?.keys() ?? []) into.add(pattern);
    }
  }

  /** The record of a peer has come: what was asked of it before is served now, and leaves want from newcomers too. */
  onOriginKnown(origin: OriginRef): void {
    for (const child of this.#byEdge.values()) {
      if ((child.everywhere.size > 0 || child.wants.has(origin.id)) && !this.#relays(child, origin.id)) continue;
      for (const [pattern, { fresh }] of child.everywhere) this.#noteWant(child, origin, pattern, fresh);
      this.#adoptDeclared(child, origin);
      const wants = child.wants.get(origin.id) ?? [];
      for (const [pattern, { fresh }] of wants) this.#noteWant(child, origin, pattern, fresh);
      for (const [pattern] of wants) this.#serveWant(child, origin, pattern);
    }
  }

  /** A leaf of this node has come: children may hold flows of it from elsewhere. */
  onLeafKnown(): void {
    for (const child of this.#byEdge.values())
      this.#adoptDeclared(child, { id: this.#host.self, incarnation: this.#host.incarnation() });
  }

  onOriginLost(origin: NodeId): void {
    // A peer's wants stay: it counts them as told, and they are served again when the origin is back.
    for (const child of this.#byEdge.values()) if (child.edge.role === "leaf") child.wants.delete(origin);
  }

  /** Give a flow to every child that is active for it, from `next` on. */
  offer(flow: Flow, next: number): void {
    for (const child of this.#byEdge.values()) {
      if (flow.origin === child.edge.id || !this.#wants(child, flow, false)) continue;
      const held = child.declared.get(flow.number)?.seq;
      if (held === undefined) this.#begin(child, flow, next);
      else child.read(flow, held + 1, true);
      child.declared.delete(flow.number);
    }
  }

  /** The flow has another home now: tell those that read it, and those that want it from there. */
  onRehomed(flow: Flow): void {
    for (const child of this.#byEdge.values()) {
      const cursor = child.cursors.get(flow.number);
      if (cursor || (flow.origin !== child.edge.id && this.#wants(child, flow, false)))
        this.#begin(child, flow, cursor?.next ?? flow.log.head + 1);
    }
  }

  /** This node is attached at `upstream` for `pattern`: answer those that wait for it. */
  onConfirmed(upstream: Upstream, pattern: string): void {
    for (const child of this.#byEdge.values()) this.#answer(child, upstream, pattern);
  }

  /** Tell leaves which of their wants are active at every origin. @returns Whether all have been told. */
  answerLeaves(confirmedEverywhere: (pattern: string) => boolean): boolean {
    let all = true;
    for (const child of this.#byEdge.values()) {
      const patterns: string[] = [];
      for (const [pattern, state] of child.everywhere) {
        if (state.answered) continue;
        if (!confirmedEverywhere(pattern)) {
          all = false;
          continue;
        }
        state.answered = true;
        patterns.push(pattern);
      }
      if (patterns.length === 0) continue;
      for (const some of inFrames(patterns, (pattern) => pattern))
        child.edge.send(Lane.control, [control.attached.encode({ origins: [], patterns: some })]);
    }
    return all;
  }

  forgetFlow(flow: Flow): void {
    for (const child of this.#byEdge.values()) {
      const cursor = child.cursors.get(flow.number);
      if (!cursor) continue;
      if (flow.over && !cursor.ended) child.edge.send(Lane.control, [child.endOf(cursor, flow.over)]);
      child.stop(cursor);
    }
  }

  // ---- positions

  /** The child holds these flows up to these numbers. */
  #adoptPositions(child: Child, body: AttachBody): void {
    for (const { flow: number, seq } of body.positions) {
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
      const isWanted =
        this.#wants(child, flow, false) || body.wants.some(({ pattern }) => matches(pattern, flow.topic));
      if (isWanted) child.read(flow, seq + 1, true);
    }
  }

  /**
   * Flows of `origin` that the child told of: go on where it stands. What a peer tells of a flow unknown here is believed,
   * so that the rest can be asked for; a leaf's word only moves its own cursor, once the flow is known.
   */
  #adoptDeclared(child: Child, origin: OriginRef): void {
    for (const [number, { declaration, seq }] of child.declared) {
      if (declaration.home !== origin.id || seq === undefined) continue;
      const upstream = this.#sources.for(declaration);
      if (!upstream) continue; // kept for when its leaf is here
      if (declaration.incarnation !== origin.incarnation) {
        child.declared.delete(number);
        continue;
      }
      if (child.edge.role === "leaf" && !this.#flows.get(number)) continue;
      const flow = this.#sources.ensureFlow(upstream, declaration, seq);
      if (!this.#wants(child, flow, true)) continue;
      child.declared.delete(number);
      child.read(flow, seq + 1, true);
      if (!flow.announced) this.#sources.announce(flow, 1);
    }
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

  #noteWant(child: Child, origin: OriginRef, pattern: string, fresh: boolean): void {
    const want: ChildWant = { fresh, waiting: fresh, answered: child.edge.role === "leaf" };
    child.wantsOf(origin.id).set(pattern, want);
  }

  #serveWant(child: Child, origin: OriginRef, pattern: string): void {
    const want = child.wantsOf(origin.id).get(pattern)!;
    const { fresh } = want;
    if (origin.id === this.#host.self) {
      if (!fresh) {
        for (const leaf of this.#sources.leaves()) if (leaf.edge !== child.edge) this.#sources.claim(leaf, pattern);
      }
      want.waiting = false;
      this.#serve(child, this.#sources.homeFlows(), pattern, fresh);
      return this.#sendAttached(child, origin, pattern, want);
    }
    const upstream = this.#sources.of(origin.id);
    if (!upstream) return; // served when its record comes
    if (!fresh) {
      this.#sources.claim(upstream, pattern);
      this.#serve(child, upstream.flows, pattern, false);
    }
    this.#answer(child, upstream, pattern);
  }

  /** Answer once this node is attached itself. */
  #answer(child: Child, upstream: Upstream, pattern: string): void {
    const want = child.wants.get(upstream.origin)?.get(pattern);
    if (!want || !upstream.confirmed(pattern)) return;
    if (want.waiting) {
      want.waiting = false;
      this.#serve(child, upstream.flows, pattern, true);
    }
    if (upstream.wants.get(pattern)?.attached)
      this.#sendAttached(child, { id: upstream.origin, incarnation: upstream.incarnation }, pattern, want);
  }

  #sendAttached(child: Child, origin: OriginRef, pattern: string, want: ChildWant): void {
    if (want.answered) return;
    want.answered = true;
    child.edge.send(Lane.control, [control.attached.encode({ origins: [origin], patterns: [pattern] })]);
  }

  /** Set a cursor on every matching flow that has none. */
  #serve(child: Child, flows: Iterable<Flow>, pattern: string, fresh: boolean): void {
    for (const flow of flows) {
      if (!flow.announced || flow.origin === child.edge.id || child.cursors.has(flow.number)) continue;
      // What is over is no news to whoever begins now.
      if ((fresh && flow.over) || !matches(pattern, flow.topic)) continue;
      this.#begin(child, flow, fresh || flow.reliability === "volatile" ? flow.log.head + 1 : 1);
    }
  }

  /** Read from `next` on; a flow that does not begin with its first number says where it begins. */
  #begin(child: Child, flow: Flow, next: number): void {
    child.edge.send(Lane.control, [this.#host.declare(flow, child.edge)]);
    if (next > 1) child.edge.send(Lane.control, [control.start.encode({ flow: flow.number, base: next - 1 })]);
    child.read(flow, next, true);
  }

  /** Whether some want of the child covers the flow, those that still wait for ATTACHED only when asked for. */
  #wants(child: Child, flow: Flow, waitingToo: boolean): boolean {
    for (const [pattern, want] of child.wants.get(flow.home) ?? []) {
      if ((waitingToo || !want.waiting) && matches(pattern, flow.topic)) return true;
    }
    return false;
  }
}
