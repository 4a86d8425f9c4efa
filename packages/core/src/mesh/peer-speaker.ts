/** A peer's part: it tells of itself (`originator.ts`), answers neighbours that ask what it holds of others, and passes on news. */
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import type { Edge } from "../edge/index.ts";
import { control, type DigestBody, FrameType, Lane } from "../wire/index.ts";
import { Departed } from "./departed.ts";
import { Flood } from "./flood.ts";
import type { Leaf } from "./interest.ts";
import { Originator } from "./originator.ts";
import { aged, type StoredRecord } from "./records.ts";
import type { Speaker, SpeakerOptions } from "./speaker.ts";

export class PeerSpeaker implements Speaker {
  readonly gateway = undefined;
  readonly home: NodeId;
  readonly #options: SpeakerOptions;
  readonly #originator: Originator;
  readonly #flood: Flood;
  /** Neighbours that asked for all there is. */
  readonly #answered = new WeakSet<Edge>();
  /** Those that were answered before this peer has told of the edge to them. */
  readonly #unsynced: Edge[] = [];
  readonly #departed = new Departed();

  constructor(options: SpeakerOptions) {
    this.#options = options;
    this.home = options.local.identity.id;
    options.records.departed = this.#departed;
    this.#flood = new Flood(options);
    this.#originator = new Originator({
      ...options,
      onRecord: (record) => this.#flood.onRecord(record),
      onShare: (record) => this.#flood.onShare(record),
    });
  }

  get incarnation(): number {
    return this.#originator.incarnation;
  }

  get heldBack(): number {
    return this.#flood.heldBack;
  }

  get costs(): ReadonlyMap<NodeId, number> {
    return this.#originator.costs;
  }

  leavesOf(topic: string): ReadonlyMap<NodeId, Leaf> {
    return this.#originator.leavesOf(topic);
  }

  // ---- what has changed

  onEdgeOpen(edge: Edge): void {
    this.#originator.onEdgeOpen(edge);
  }

  onEdgeClosed(edge: Edge): boolean {
    return this.#originator.onEdgeClosed(edge);
  }

  onMeasured(edge: Edge): boolean {
    return this.#originator.onMeasured(edge);
  }

  onInterestChanged(): void {
    this.#originator.onInterestChanged();
  }

  outlive(record: StoredRecord): boolean {
    return this.#originator.outlive(record);
  }

  // ---- what neighbours ask and tell

  onFrame(edge: Edge, type: number, frame: Uint8Array): boolean {
    if (type === FrameType.digest) this.#onDigest(edge, control.digest.decode(frame));
    else if (type === FrameType.interest) this.#onInterest(edge, frame);
    else return false;
    return true;
  }

  #onInterest(edge: Edge, frame: Uint8Array): void {
    if (edge.role !== "leaf") throw new MeshError("malformed-frame", `a ${edge.role} sent what only a leaf sends`);
    const { topics, services } = this.#originator.onLeafTold(edge, control.interest.decode(frame));
    if (topics > LIMITS.leafSubscriptions) throw new MeshError("too-large", `${topics} subscriptions of one leaf`);
    if (services > LIMITS.leafServices) throw new MeshError("too-large", `${services} exposed objects of one leaf`);
  }

  /** Tell a neighbour what it lacks. @throws {MeshError} `malformed-frame` */
  #onDigest(edge: Edge, { whole, known }: DigestBody): void {
    const { clock, records, directory } = this.#options;
    if (whole && this.#answered.has(edge))
      throw new MeshError("malformed-frame", `${edge.peer.name} asked for everything twice`);
    const theirs = new Map(known.map((held) => [held.id, held]));
    const nowMs = clock.now();
    for (const id of whole ? records.byId.keys() : theirs.keys()) {
      const record = records.byId.get(id);
      if (!record) continue;
      const held = theirs.get(id);
      const isSameLife = held?.incarnation === record.incarnation;
      if (!held || held.incarnation < record.incarnation || (isSameLife && held.sequence < record.sequence))
        edge.send(Lane.control, [aged(record, nowMs)]);
      for (const frame of directory.since(record, isSameLife ? held.directory : 0)) edge.send(Lane.control, [frame]);
    }
    if (!whole) return;
    this.#answered.add(edge);
    // A peer that believes it has joined finds that others can answer it: they know of this edge by then.
    if (edge.role !== "leaf" && this.#originator.recordChanged) this.#unsynced.push(edge);
    else edge.send(Lane.control, [control.synced.encode({})]);
  }

  onRecord(record: StoredRecord, from: Edge): void {
    this.#flood.onRecord(record, from);
  }

  onShare(record: StoredRecord, from: Edge): void {
    this.#flood.onShare(record, from);
  }

  /** A peer whose clock was set back learns of its former life in this way, and who was told an old record that it is old. */
  onOldRecord(frame: Uint8Array, from: Edge): void {
    const lastWord = this.#departed.lastWord(frame, this.#options.clock.now());
    if (lastWord) from.send(Lane.control, [lastWord]);
  }

  // ---- telling

  dueInMs(nowMs: number): number {
    return Math.min(this.#originator.dueInMs(nowMs), this.#flood.dueInMs(nowMs));
  }

  tell(nowMs: number): boolean {
    this.#flood.release(nowMs);
    if (this.#originator.dueInMs(nowMs) > 0) return false;
    this.#originator.tell(nowMs);
    if (!this.#originator.recordChanged)
      for (const edge of this.#unsynced.splice(0)) edge.send(Lane.control, [control.synced.encode({})]);
    return true;
  }

  refresh(nowMs: number): boolean {
    this.#flood.sweep(nowMs);
    return this.#originator.refresh(nowMs);
  }

  goodbye(): void {
    this.#originator.goodbye();
  }
}
