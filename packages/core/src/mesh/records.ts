/**
 * Everybody's records: what each peer says of its links, newest only. A record travels as its origin encoded and signed
 * it; this store decides which one is newer and when it has expired. It sends nothing.
 */
import type { Verifier } from "../auth/index.ts";
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import { control, FRAME_HEAD_BYTES, Reader, type RecordBody, writeU32 } from "../wire/index.ts";
import { Room } from "./room.ts";

export interface StoredRecord extends RecordBody {
  /** Its neighbours, by id. */
  readonly costs: ReadonlyMap<NodeId, number>;
  /** As it came; of what it says only `ageMs` may be changed when it is passed on. */
  readonly frame: Uint8Array;
  readonly expiresAtMs: number;
  /** What was new in it when it came: a life that begins or ends, edges or their costs, or no more than that it lives. */
  readonly news: "life" | "links" | "none";
}

/** News of peers that were dropped because something newer is known. */
export interface OldNews {
  /**
   * What was known already, of lives that are known: in a mesh with cycles the same comes from several neighbours, and nothing
   * is wrong with that.
   */
  knownNews: number;
  /**
   * Of lives that are over, or not known here. A few come late, around a goodbye or a restart; many are what somebody has kept.
   */
  strayNews: number;
}

/** Remembers those that have expired (`departed.ts`). */
interface Memory {
  get(id: NodeId): Version | undefined;
  add(record: StoredRecord): void;
  delete(id: NodeId): void;
}

export class Records {
  /** Records of peers that there was no room for. */
  refused = 0;
  readonly old: OldNews = { knownNews: 0, strayNews: 0 };
  readonly #verifier: Verifier | undefined;
  readonly #self: NodeId;
  readonly #byId = new Map<NodeId, StoredRecord>();
  readonly #room = new Room(LIMITS.recordsBytes);
  /** Who is in it comes back with a newer record only. A leaf has none: its gateway sees to that. */
  departed: Memory | undefined;

  /** @param self There is always room for its record. */
  constructor(verifier: Verifier | undefined, self: NodeId) {
    this.#verifier = verifier;
    this.#self = self;
  }

  get byId(): ReadonlyMap<NodeId, StoredRecord> {
    return this.#byId;
  }

  /**
   * Read a record frame and keep it when it is newer than what is known.
   * @param frame Copied when it is kept.
   * @returns The record, or undefined when it is old news or there is no room for it.
   * @throws {MeshError} `malformed-frame`, or `bad-credentials` when its signature is wrong.
   */
  offer(frame: Uint8Array, nowMs: number): StoredRecord | undefined {
    const { ageMs, body, signature } = control.record.decode(frame);
    // In a mesh with cycles most of them are old news: that must cost little.
    const version = control.recordVersion.read(new Reader(body));
    const known = this.#byId.get(version.id);
    const last = known ?? this.departed?.get(version.id);
    if ((last && !isNewer(version, last)) || ageMs >= TIMINGS.recordExpiryMs) {
      this.old[known?.incarnation === version.incarnation ? "knownNews" : "strayNews"]++;
      return undefined;
    }
    const isOwn = version.id === this.#self;
    if (!known && !isOwn && this.#byId.size >= LIMITS.peers) return this.#refuse();
    const kept = frame.slice();
    const record = control.recordBody.read(new Reader(control.record.decode(kept).body));
    const costs = costsOf(record, frame.byteLength);
    if (this.#verifier) checkSigned(this.#verifier, record, body, signature);
    if (!isOwn && !this.#room.resize(known?.frame.byteLength ?? 0, frame.byteLength)) return this.#refuse();
    const expiresAtMs = nowMs + TIMINGS.recordExpiryMs - ageMs;
    const stored: StoredRecord = { ...record, costs, frame: kept, expiresAtMs, news: newsOf(record, costs, known) };
    this.#byId.set(record.id, stored);
    this.departed?.delete(record.id);
    return stored;
  }

  /** Give every record its whole time again: the one who would have refreshed them could not be heard. */
  renew(nowMs: number): void {
    for (const [id, record] of this.#byId)
      this.#byId.set(id, { ...record, expiresAtMs: nowMs + TIMINGS.recordExpiryMs });
  }

  /** Drop what has not been refreshed; gives what was dropped. */
  expire(nowMs: number): StoredRecord[] {
    const dropped = [...this.#byId.values()].filter(({ id, expiresAtMs }) => id !== this.#self && expiresAtMs <= nowMs);
    for (const record of dropped) {
      this.#byId.delete(record.id);
      this.#room.resize(record.frame.byteLength, 0);
      this.departed?.add(record);
    }
    return dropped;
  }

  #refuse(): undefined {
    this.refused++;
  }
}

/** The frame to pass a record on in, now. */
export function aged({ frame, expiresAtMs }: Pick<StoredRecord, "frame" | "expiresAtMs">, nowMs: number): Uint8Array {
  const copy = frame.slice();
  const leftMs = Math.min(Math.max(expiresAtMs - nowMs, 0), TIMINGS.recordExpiryMs);
  writeU32(copy, FRAME_HEAD_BYTES, Math.round(TIMINGS.recordExpiryMs - leftMs));
  return copy;
}

type Version = Pick<RecordBody, "incarnation" | "sequence">;

export const isNewer = (a: Version, b: Version): boolean =>
  a.incarnation > b.incarnation || (a.incarnation === b.incarnation && a.sequence > b.sequence);

function newsOf(
  { incarnation, gone }: RecordBody,
  costs: StoredRecord["costs"],
  known: StoredRecord | undefined,
): StoredRecord["news"] {
  if (known?.incarnation !== incarnation || known.gone !== gone) return "life";
  const same = known.costs.size === costs.size && [...costs].every(([id, cost]) => known.costs.get(id) === cost);
  return same ? "none" : "links";
}

/** @throws {MeshError} `malformed-frame` for what no peer says. */
function costsOf({ id, role, addresses, neighbours }: RecordBody, byteLength: number): Map<NodeId, number> {
  const refuse = (why: string): never => {
    throw new MeshError("malformed-frame", `the record of ${id} ${why}`);
  };
  if (role === "leaf") refuse("says that it is a leaf");
  if (byteLength > LIMITS.recordBytes) refuse(`has ${byteLength} bytes, more than ${LIMITS.recordBytes}`);
  if (addresses.length > LIMITS.addresses) refuse(`names ${addresses.length} addresses, more than ${LIMITS.addresses}`);
  if (neighbours.length > LIMITS.neighbours)
    refuse(`names ${neighbours.length} neighbours, more than ${LIMITS.neighbours}`);
  const costs = new Map<NodeId, number>();
  for (const neighbour of neighbours) {
    if (neighbour.id === id) refuse("names itself as its neighbour");
    if (neighbour.cost === 0) refuse(`has an edge to ${neighbour.id} that costs nothing`);
    if (costs.has(neighbour.id)) refuse(`names its neighbour ${neighbour.id} twice`);
    costs.set(neighbour.id, neighbour.cost);
  }
  return costs;
}

/** @throws {MeshError} `bad-credentials` unless the key is the id's and the signature the key's. */
export function checkSigned(
  verifier: Verifier,
  { id, publicKey }: { readonly id: NodeId; readonly publicKey: Uint8Array },
  body: Uint8Array,
  signature: Uint8Array,
): void {
  if (verifier.idOf(publicKey) !== id || !verifier.verify(publicKey, body, signature))
    throw new MeshError("bad-credentials", `the record of ${id} is not signed by its key`);
}
