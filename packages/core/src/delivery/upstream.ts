/** What this node asks of one origin, and at which edge. A leaf has a single one, for all origins, at its gateway. */
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import type { Edge } from "../edge/index.ts";
import { control, inFrames, Lane, type OriginRef } from "../wire/index.ts";
import type { Flow, FlowSource } from "./flow.ts";
import { both, isEqual, type PatternNumbers, type PatternSet, without } from "./pattern-set.ts";
import { UpstreamWants } from "./upstream-wants.ts";

/** The upstream of a leaf stands for every origin. */
export const EVERY_ORIGIN: NodeId = "";

export class Upstream implements FlowSource {
  /** A peer's is found by routes, a leaf's is its own edge, a leaf node has one for `every` origin. */
  readonly kind: "peer" | "leaf" | "every";
  readonly origin: NodeId;
  readonly incarnation: number;
  edge: Edge | undefined;
  /** A way to the origin is known. Without one the edge stays: what is under way may still come. */
  reachable = false;
  /** Something is asked for only because it was not answered yet. */
  holdsOn = false;
  /** Where it hung before; let go when the present edge has answered everything. */
  previous: Edge | undefined;
  readonly wants: UpstreamWants;
  readonly flows = new Set<Flow>();

  #lostAtMs: number | undefined;
  /** How much longer than others a leaf may stay away. */
  #graceMs = 0;

  constructor(kind: Upstream["kind"], { id, incarnation }: OriginRef, numbers: PatternNumbers) {
    this.kind = kind;
    this.origin = id;
    this.incarnation = incarnation;
    this.wants = new UpstreamWants(numbers);
  }

  /**
   * When a leaf's edge was lost, which may come back within its lease; or when the origin was given up. Of a leaf that said
   * that it may sleep, later by what its lease is longer.
   */
  get lostAtMs(): number | undefined {
    return this.#lostAtMs === undefined ? undefined : this.#lostAtMs + this.#graceMs;
  }

  set lostAtMs(atMs: number | undefined) {
    this.#lostAtMs = atMs;
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

  isAsked(pattern: string): boolean {
    return this.wants.isAsked(pattern);
  }

  hasConfirmed(topic: string): boolean {
    return this.wants.coversConfirmed(topic);
  }

  owes(topic: string): boolean {
    return this.wants.owes(topic);
  }

  /** Hang on `edge` from now on. */
  moveTo(edge: Edge | undefined): void {
    if (this.edge === edge) return;
    this.releasePrevious();
    this.previous = this.edge?.open ? this.edge : undefined;
    this.edge = edge;
    this.wants.onMoved();
    for (const flow of this.flows) flow.refetching = false;
  }

  /** The edge is gone. */
  onEdgeClosed(edge: Edge): void {
    if (this.previous === edge) this.previous = undefined;
    if (this.edge === edge) {
      this.#graceMs = edge.away ? LIMITS.awayLeaseMs - LIMITS.leafLeaseMs : 0;
      this.moveTo(this.previous);
      this.previous = undefined;
    }
  }

  /** Its origin is gone. What was confirmed stays so, and how far its flows have come: should it be back, they go on. */
  retire(nowMs: number): void {
    this.#graceMs = 0;
    this.lostAtMs = nowMs;
    this.reachable = false;
    this.moveTo(undefined);
    this.releasePrevious();
    this.wants.want(this.wants.confirmed);
    for (const flow of this.flows) flow.accepting = false;
  }

  releasePrevious(): void {
    this.previous?.send(Lane.control, [control.detach.encode({ origins: this.refs, patterns: [] })]);
    this.previous = undefined;
  }
}

interface AttachGroup {
  readonly unsent: PatternSet;
  /** Those of them that go on. */
  readonly resumed: PatternSet;
  readonly origins: OriginRef[];
  readonly flows: Flow[];
}

/** So many different requests are looked at to find one that is the same. */
const LATEST_GROUPS = 16;

/** Gathers what is to be asked at each edge, so that origins with equal wants share one frame. */
export class AttachBatch {
  readonly #byEdge = new Map<Edge, AttachGroup[]>();

  /** Ask for all that is unsent, going on in `flows` where they stand. */
  add({ refs, wants: { unsent, confirmed } }: Upstream, edge: Edge, flows: readonly Flow[]): void {
    let groups = this.#byEdge.get(edge);
    if (!groups) this.#byEdge.set(edge, (groups = []));
    const resumed = both(unsent, confirmed);
    const group = groups
      .slice(-LATEST_GROUPS)
      .find((each) => isEqual(each.unsent, unsent) && isEqual(each.resumed, resumed));
    if (!group) groups.push({ unsent, resumed, origins: [...refs], flows: [...flows] });
    else {
      group.origins.push(...refs);
      group.flows.push(...flows);
    }
  }

  send(numbers: PatternNumbers, declare: (flow: Flow, edge: Edge) => Uint8Array): void {
    for (const [edge, groups] of this.#byEdge) {
      for (const { unsent, resumed, origins, flows } of groups) {
        const wants = [
          ...numbers.patterns(without(unsent, resumed)).map((pattern) => ({ pattern, fresh: true })),
          ...numbers.patterns(resumed).map((pattern) => ({ pattern, fresh: false })),
        ];
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
