/**
 * What a node says in the mesh, and to whom: a peer of itself, of its leaves and of other peers to every neighbour
 * (`peer-speaker.ts`), a leaf of its wants and objects to its gateway (`leaf-speaker.ts`). What it makes of what others say is
 * the same for both (`mesh.ts`). A page ships the leaf's part alone.
 */
import type { Clock, Logger } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import type { Edge, LocalNode } from "../edge/index.ts";
import type { Directory } from "./directory.ts";
import type { Leaf, OwnInterest } from "./interest.ts";
import type { Records, StoredRecord } from "./records.ts";

/** What a speaker needs of its mesh. */
export interface SpeakerOptions {
  readonly local: LocalNode;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly records: Records;
  readonly directory: Directory;
  /** What this node itself wants and offers. */
  interest(): OwnInterest;
  edges(): Iterable<Edge>;
}

export interface Speaker {
  /** The present one of this node. */
  readonly incarnation: number;
  /** The edge a leaf hangs on; a peer has none. */
  readonly gateway: Edge | undefined;
  /** News of others that were passed on later, together with more of them. */
  readonly heldBack: number;
  /** Where this node is reached itself; undefined for a leaf without a gateway. */
  readonly home: NodeId | undefined;
  /** From `home`, what edges cost, by neighbour; undefined when that is not known. */
  readonly costs: ReadonlyMap<NodeId, number> | undefined;

  onEdgeOpen(edge: Edge): void;
  /** @returns Whether it was one that routes may have led over. */
  onEdgeClosed(edge: Edge): boolean;
  /** @returns Whether the cost of the edge has changed. */
  onMeasured(edge: Edge): boolean;
  onInterestChanged(): void;
  /** Frames that ask, or tell of what a neighbour wants. @returns Whether it was one. @throws {MeshError} to close the edge. */
  onFrame(edge: Edge, type: number, frame: Uint8Array): boolean;
  /** A record in this node's name has come. @returns Whether a new life begins. */
  outlive(record: StoredRecord): boolean;
  /** Others may hear what `from` has just told. */
  onRecord(record: StoredRecord, from: Edge): void;
  onShare(record: StoredRecord, from: Edge): void;
  /** `from` has told a record that is no news. */
  onOldRecord(frame: Uint8Array, from: Edge): void;

  /** How long until changes may be told, in ms: 0 or less for now; Infinity when there is nothing to tell. */
  dueInMs(nowMs: number): number;
  /** @returns Whether the directory is another one now. */
  tell(nowMs: number): boolean;
  /** Say again what would be forgotten otherwise. @returns Whether there is something. */
  refresh(nowMs: number): boolean;
  /** A last word, which tells that this node is gone. */
  goodbye(): void;

  /** The leaves of this node that want `topic`, by id. */
  leavesOf(topic: string): ReadonlyMap<NodeId, Leaf>;
}
