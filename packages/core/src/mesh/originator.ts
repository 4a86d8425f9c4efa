/**
 * What this peer says of itself: its record and its share of the directory, signed, version by version, at an even pace. It
 * knows what has changed since it was last told, and hands over frames; whom they go to is not its business.
 */
import type { NodeId } from "../base/ids.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import type { Edge } from "../edge/index.ts";
import { control, type InterestBody, type RecordBody, Writer } from "../wire/index.ts";
import { EdgeCost } from "./edge-cost.ts";
import type { Leaf } from "./interest.ts";
import { type LeafHoldings, OwnShare } from "./own-share.ts";
import type { StoredRecord } from "./records.ts";
import type { SpeakerOptions } from "./speaker.ts";

export interface OriginatorOptions extends SpeakerOptions {
  /** There is a new one of this peer to tell. */
  onRecord(record: StoredRecord): void;
  onShare(record: StoredRecord): void;
}

export class Originator {
  readonly #options: OriginatorOptions;
  readonly #share: OwnShare;
  /** What this peer's edges to other peers cost. */
  readonly #costs = new Map<Edge, EdgeCost>();
  #incarnation: number;
  #sequence = 0;
  /** The version that the share has come to. */
  #version = 0;
  /** Until when what was told so far would have taken at an even pace (the generic cell rate algorithm, ITU-T I.371). */
  #toldUntilMs = Number.NEGATIVE_INFINITY;
  #originatedAtMs = Number.NEGATIVE_INFINITY;
  #recordChanged = true;
  #interestChanged = true;
  #unlisted = 0;

  constructor(options: OriginatorOptions) {
    const { local } = options;
    this.#options = options;
    this.#incarnation = local.incarnation;
    this.#share = new OwnShare({ id: local.identity.id, name: local.name });
  }

  /** Whether what others know of its edges is not all there is. */
  get recordChanged(): boolean {
    return this.#recordChanged;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  /** What this peer's edges cost as it says, by neighbour. */
  get costs(): ReadonlyMap<NodeId, number> {
    return new Map([...this.#costs].map(([edge, cost]) => [edge.id, cost.micros]));
  }

  /** The leaves on this gateway that want `topic`, by id. */
  leavesOf(topic: string): ReadonlyMap<NodeId, Leaf> {
    return this.#share.leavesOf(topic);
  }

  // ---- what has changed

  onEdgeOpen(edge: Edge): void {
    if (edge.role === "leaf") return;
    this.#costs.set(edge, new EdgeCost(edge.latency.roundTripMs));
    this.#recordChanged = true;
  }

  /** @returns Whether it was one that routes may have led over. */
  onEdgeClosed(edge: Edge): boolean {
    this.#share.leafLeft(edge, leafOf(edge));
    const wasRoute = this.#costs.delete(edge);
    this.#recordChanged ||= wasRoute;
    return wasRoute;
  }

  /** @returns Whether the cost of the edge has changed. */
  onMeasured(edge: Edge): boolean {
    const changed = this.#costs.get(edge)?.measured(edge.latency.roundTripMs!) ?? false;
    this.#recordChanged ||= changed;
    return changed;
  }

  onInterestChanged(): void {
    this.#interestChanged = true;
  }

  /** A leaf told of a change. @returns What it wants and offers now. */
  onLeafTold(edge: Edge, change: InterestBody): LeafHoldings {
    return this.#share.leafTold(edge, leafOf(edge), change);
  }

  /** A record of this very peer has come: of an earlier life, or an echo of this one. @returns Whether a new life begins. */
  outlive({ incarnation, sequence }: StoredRecord): boolean {
    const isNewer = incarnation > this.#incarnation;
    if (isNewer) {
      this.#incarnation = incarnation + 1;
      this.#share.tellWhole();
    }
    this.#sequence = Math.max(this.#sequence, sequence);
    this.#recordChanged = true;
    return isNewer;
  }

  /** @returns Whether the record has to be told again, lest it be forgotten. */
  refresh(nowMs: number): boolean {
    this.#recordChanged ||= nowMs - this.#originatedAtMs >= TIMINGS.recordRefreshMs;
    return this.#recordChanged;
  }

  // ---- telling

  /** How long until changes may be told, in ms: 0 or less for now; Infinity when there is nothing to tell. */
  dueInMs(nowMs: number): number {
    if (!this.#recordChanged && !this.#interestChanged && !this.#share.changed) return Number.POSITIVE_INFINITY;
    return this.#toldUntilMs - TIMINGS.recordBurst * TIMINGS.recordPauseMs - nowMs;
  }

  tell(nowMs: number): void {
    this.#toldUntilMs = Math.max(this.#toldUntilMs, nowMs) + TIMINGS.recordPauseMs;
    if (this.#recordChanged) this.#originate(nowMs, false);
    // What is said below needs a record that it belongs to; one of an earlier life is outlived first.
    if (this.#recordChanged) return;
    if (this.#interestChanged) this.#share.own = this.#options.interest();
    this.#interestChanged = false;
    if (this.#share.changed) this.#tellShare();
  }

  /** A last record, which tells everybody at once that this peer is gone. */
  goodbye(): void {
    this.#originate(this.#options.clock.now(), true);
  }

  #originate(nowMs: number, gone: boolean): void {
    const { local, records, onRecord } = this.#options;
    this.#sequence++;
    const body = encoded(control.recordBody, this.#record(gone));
    const frame = control.record.encode({ ageMs: 0, body, signature: local.identity.sign(body) });
    const record = records.offer(frame, nowMs);
    if (!record) return; // an earlier life of ours is newer; it is outlived when it is heard of
    this.#originatedAtMs = nowMs;
    this.#recordChanged = false;
    onRecord(record);
  }

  #record(gone: boolean): RecordBody {
    const { local } = this.#options;
    const { id, publicKey } = local.identity;
    const costs = gone ? [] : [...this.costs].slice(0, LIMITS.neighbours);
    return {
      id,
      incarnation: this.#incarnation,
      sequence: this.#sequence,
      role: local.role,
      name: local.name,
      publicKey,
      addresses: local.addresses(),
      neighbours: costs.map(([neighbour, cost]) => ({ id: neighbour, cost })),
      directory: this.#version,
      gone,
    };
  }

  #tellShare(): void {
    const { local, directory, records, logger, onShare } = this.#options;
    const { identity, name } = local;
    const record = records.byId.get(identity.id)!;
    for (const change of this.#share.changes()) {
      const told = { id: identity.id, incarnation: this.#incarnation, version: ++this.#version, ...change };
      const body = encoded(control.shareBody, told);
      const frame = control.share.encode({ body, signature: identity.sign(body) });
      directory.offer(frame, () => record);
      onShare(record);
    }
    const { unlisted } = this.#share;
    if (unlisted > this.#unlisted) logger.log("warn", "directory full", { name, unlisted });
    this.#unlisted = unlisted;
  }
}

function encoded<T>(field: { write(writer: Writer, value: T): void }, value: T): Uint8Array {
  const writer = new Writer();
  field.write(writer, value);
  return writer.finish();
}

const leafOf = ({ id, peer, arrival }: Edge): Leaf => ({ id, name: peer.name, arrival });
