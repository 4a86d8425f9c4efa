/** A leaf's part: it listens, tells its gateway what it wants and offers, and sees the mesh as its gateway does. */
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { Edge } from "../edge/index.ts";
import { control, FrameType, Lane } from "../wire/index.ts";
import type { Leaf } from "./interest.ts";
import { LeafInterest } from "./leaf-interest.ts";
import type { Speaker, SpeakerOptions } from "./speaker.ts";

const NONE: ReadonlyMap<NodeId, Leaf> = new Map();

export class LeafSpeaker implements Speaker {
  readonly incarnation: number;
  readonly heldBack = 0;
  readonly #options: SpeakerOptions;
  readonly #interest = new LeafInterest();
  #interestChanged = true;
  /** The gateway that knows what this leaf wants. */
  #toldGateway: Edge | undefined;

  constructor(options: SpeakerOptions) {
    this.#options = options;
    this.incarnation = options.local.incarnation;
  }

  get gateway(): Edge | undefined {
    for (const edge of this.#options.edges()) return edge;
    return undefined;
  }

  get home(): NodeId | undefined {
    return this.gateway?.id;
  }

  get costs(): ReadonlyMap<NodeId, number> | undefined {
    return this.#options.records.byId.get(this.home ?? "")?.costs;
  }

  /** Nobody was heard meanwhile; that says nothing about them. */
  onEdgeOpen(): void {
    this.#options.records.renew(this.#options.clock.now());
  }

  onEdgeClosed(): boolean {
    return true;
  }

  /** A leaf advertises no cost. */
  onMeasured(): boolean {
    return false;
  }

  onInterestChanged(): void {
    this.#interestChanged = true;
  }

  onFrame(_edge: Edge, type: number): boolean {
    if (type === FrameType.digest || type === FrameType.interest)
      throw new MeshError("malformed-frame", "a leaf has nothing to tell of others, and no leaves");
    return false;
  }

  outlive(): boolean {
    return false;
  }

  onRecord(): void {}

  onShare(): void {}

  onOldRecord(): void {}

  dueInMs(): number {
    const { gateway } = this;
    return gateway && (gateway !== this.#toldGateway || this.#interestChanged) ? 0 : Number.POSITIVE_INFINITY;
  }

  /** All of it to a new gateway, changes afterwards. */
  tell(): boolean {
    const { gateway } = this;
    const isNew = gateway !== this.#toldGateway;
    this.#toldGateway = gateway;
    this.#interestChanged = false;
    for (const change of this.#interest.changes(this.#options.interest(), isNew))
      gateway?.send(Lane.control, [control.interest.encode(change)]);
    return false;
  }

  refresh(): boolean {
    return false;
  }

  goodbye(): void {}

  leavesOf(): ReadonlyMap<NodeId, Leaf> {
    return NONE;
  }
}
