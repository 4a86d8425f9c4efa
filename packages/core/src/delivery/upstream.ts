/** What this node asks of one origin, and at which edge. A leaf has a single one, for all origins, at its gateway. */
import type { NodeId } from "../base/ids.ts";
import { matches } from "../base/topic-pattern.ts";
import type { Edge } from "../edge/index.ts";
import { type AttachBody, control, inFrames, Lane, type OriginRef } from "../wire/index.ts";
import type { Flow, FlowSource } from "./flow.ts";

/** The upstream of a leaf stands for every origin. */
export const EVERY_ORIGIN: NodeId = "";

export interface UpstreamWant {
  /** From some moment on nothing was missed: after a move it resumes by positions instead of beginning anew. */
  confirmed: boolean;
  /** Asked for at the present edge. */
  sent: boolean;
  /** When it was asked for first, on the clock's scale. */
  sentAtMs: number | undefined;
  /** Answered by the present edge. */
  attached: boolean;
}

export function newWant(): UpstreamWant {
  return { confirmed: false, sent: false, sentAtMs: undefined, attached: false };
}

export class Upstream implements FlowSource {
  /** A peer's is found by routes, a leaf's is its own edge, a leaf node has one for `every` origin. */
  readonly kind: "peer" | "leaf" | "every";
  readonly origin: NodeId;
  readonly incarnation: number;
  edge: Edge | undefined;
  /** A way to the origin is known. Without one the edge stays: what is under way may still come. */
  reachable = false;
  /** Where it hung before; let go when the present edge has answered everything. */
  previous: Edge | undefined;
  readonly wants = new Map<string, UpstreamWant>();
  readonly flows = new Set<Flow>();

  /** When a leaf's edge was lost; it may come back within its lease. */
  lostAtMs: number | undefined;

  constructor(kind: Upstream["kind"], origin: NodeId, incarnation: number) {
    this.kind = kind;
    this.origin = origin;
    this.incarnation = incarnation;
  }

  get ref(): OriginRef {
    return { id: this.origin, incarnation: this.incarnation };
  }

  /** As an ATTACH names it: a leaf's stands for every origin without a name. */
  get refs(): readonly OriginRef[] {
    return this.kind === "every" ? [] : [this.ref];
  }

  /** Whether frames of this origin may come in over `edge`. */
  fedBy(edge: Edge): boolean {
    return edge === this.edge || edge === this.previous;
  }

  confirmed(pattern: string): boolean {
    return this.wants.get(pattern)?.confirmed === true;
  }

  /** Whether some want, confirmed or at least asked for, covers `topic`. */
  covers(topic: string, confirmed: boolean): boolean {
    for (const [pattern, want] of this.wants) {
      if ((confirmed ? want.confirmed : want.sent || want.confirmed) && matches(pattern, topic)) return true;
    }
    return false;
  }

  /** Whether a want that goes on where it stood, and is not answered yet, covers `topic`: all of its flows are owed. */
  owes(topic: string): boolean {
    for (const [pattern, want] of this.wants)
      if (want.confirmed && !want.attached && matches(pattern, topic)) return true;
    return false;
  }

  /** Hang on `edge` from now on. */
  moveTo(edge: Edge | undefined): void {
    if (this.edge === edge) return;
    this.releasePrevious();
    this.previous = this.edge?.open ? this.edge : undefined;
    this.edge = edge;
    for (const want of this.wants.values()) {
      want.sent = false;
      want.attached = false;
    }
    for (const flow of this.flows) flow.refetching = false;
  }

  /** The edge is gone. */
  onEdgeClosed(edge: Edge): void {
    if (this.previous === edge) this.previous = undefined;
    if (this.edge === edge) {
      this.moveTo(this.previous);
      this.previous = undefined;
    }
  }

  /** Ask for nothing any more; what its flows are and how far they have come stays known. */
  retire(): void {
    this.moveTo(undefined);
    this.releasePrevious();
    this.wants.clear();
    for (const flow of this.flows) flow.accepting = false;
  }

  releasePrevious(): void {
    this.previous?.send(Lane.control, [control.detach.encode({ origins: this.refs, patterns: [] })]);
    this.previous = undefined;
  }

  get allAttached(): boolean {
    for (const want of this.wants.values()) if (!want.attached) return false;
    return true;
  }
}

/** Gathers what is to be asked at each edge, so that origins with equal wants share one frame. */
export class AttachBatch {
  readonly #byEdge = new Map<Edge, Map<string, { origins: OriginRef[]; wants: AttachBody["wants"]; flows: Flow[] }>>();

  /** Ask for `wants`, going on in `flows` where they stand. */
  add(upstream: Upstream, edge: Edge, wants: AttachBody["wants"], flows: readonly Flow[]): void {
    let groups = this.#byEdge.get(edge);
    if (!groups) this.#byEdge.set(edge, (groups = new Map()));
    const key = JSON.stringify(wants);
    const group = groups.get(key);
    if (!group) groups.set(key, { origins: [...upstream.refs], wants, flows: [...flows] });
    else {
      group.origins.push(...upstream.refs);
      group.flows.push(...flows);
    }
  }

  send(declare: (flow: Flow, edge: Edge) => Uint8Array): void {
    for (const [edge, groups] of this.#byEdge) {
      for (const { origins, wants, flows } of groups.values()) {
        const positions = flows.map((flow) => ({ flow: flow.number, seq: flow.position }));
        for (const flow of flows) edge.send(Lane.control, [declare(flow, edge)]);
        // Positions beyond one frame go ahead of the wants they belong to.
        for (let at = POSITIONS_PER_FRAME; at < positions.length; at += POSITIONS_PER_FRAME) {
          edge.send(Lane.control, [
            control.attach.encode({ origins, wants: [], positions: positions.slice(at, at + POSITIONS_PER_FRAME) }),
          ]);
        }
        let first = positions.slice(0, POSITIONS_PER_FRAME);
        for (const some of inFrames(wants, ({ pattern }) => pattern)) {
          edge.send(Lane.control, [control.attach.encode({ origins, wants: some, positions: first })]);
          first = [];
        }
      }
    }
  }
}

const POSITIONS_PER_FRAME = 10_000;
