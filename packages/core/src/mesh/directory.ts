/**
 * Who wants and who offers what, by peer. Each peer's share travels version by version, as its origin encoded and signed
 * it, and is kept from its last whole version on, so that it can be told to newcomers. It answers questions and never
 * decides where data flows.
 */
import type { Verifier } from "../auth/index.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import { PatternIndex } from "../base/pattern-index.ts";
import { control, Reader, type Role, type ShareBody } from "../wire/index.ts";
import { checkSigned, type OldNews, type StoredRecord } from "./records.ts";
import { Room } from "./room.ts";

export interface NodeInfo {
  readonly id: NodeId;
  readonly name: string;
  readonly role: Role;
}

/** An exposed object, and where it is: at a peer, or at a leaf of the gateway `home`. */
export interface ServiceInstance {
  readonly service: string;
  readonly owner: NodeId;
  readonly ownerName: string;
  readonly home: NodeId;
}

/** What a peer has told of an object. */
export interface Place {
  readonly instance: ServiceInstance;
  /** When its leaf came there; 0 where the peer itself has it. */
  readonly arrival: number;
}

/** A pattern that a peer wants, itself or for leaves. */
interface Want {
  readonly peer: NodeId;
  readonly pattern: string;
  readonly self: boolean;
  readonly leaves: number;
  /** How many had been told before it. */
  readonly told: number;
}

/** What a peer has told of one topic, by all of its patterns that match. */
export interface PeerWants {
  /** It wants the topic itself. */
  readonly self: boolean;
  /** How many of its leaves want it, at least. */
  readonly leaves: number;
  /** Another one whenever the peer has told of it again: then its leaves may be others, even where they are as many. */
  readonly revision: string;
}

const NOWHERE: readonly Place[] = [];

/** What an entry takes in memory beside its frame, roughly. */
const ENTRY_BYTES = 512;

/** What one peer has said so far. */
interface Share {
  readonly incarnation: number;
  /** What is held of it. */
  version: number;
  /** What it has come to: higher once there was no room, and then nothing more is held until it is told anew. */
  newest: number;
  /** From the last whole version on, one frame for each. */
  frames: Uint8Array[];
  byteLength: number;
  /** What it takes of the room that all share. */
  roomBytes: number;
  readonly wants: Map<string, Want>;
  /** By owner and name. */
  readonly services: Map<string, Place>;
}

/** What became of a share's frame. `behind`: something before it is missing and must be asked for. */
export type ShareNews =
  | { readonly on: "old" }
  | { readonly on: "behind" | "refused"; readonly record: StoredRecord }
  | { readonly on: "news"; readonly record: StoredRecord; readonly frame: Uint8Array };

export class Directory {
  readonly #verifier: Verifier | undefined;
  readonly #self: NodeId;
  readonly #room = new Room(LIMITS.directoryBytes);
  readonly #shares = new Map<NodeId, Share>();
  readonly #wants = new PatternIndex<Want>();
  readonly #instances = new Map<string, Set<ServiceInstance>>();
  #told = 0;
  readonly #ofOwner = new Map<NodeId, Set<Place>>();
  /** Frames that there was no room for. */
  refused = 0;
  readonly old: OldNews = { knownNews: 0, strayNews: 0 };

  /** @param self There is always room for its share. */
  constructor(verifier: Verifier | undefined, self: NodeId) {
    this.#verifier = verifier;
    this.#self = self;
  }

  /** Wants and objects held of all peers. */
  get entries(): number {
    let entries = 0;
    for (const { wants, services } of this.#shares.values()) entries += wants.size + services.size;
    return entries;
  }

  /** The version that a peer's share has come to; 0 when nothing is known of it in this incarnation. */
  version({ id, incarnation }: Pick<StoredRecord, "id" | "incarnation">): number {
    const share = this.#shares.get(id);
    return share?.incarnation === incarnation ? share.newest : 0;
  }

  /** The version that the last frame held brought; below `version` where there was no room. */
  lastFrame(record: Pick<StoredRecord, "id" | "incarnation">): number {
    const share = this.#shares.get(record.id);
    return share?.incarnation === record.incarnation ? share.version : 0;
  }

  /** What somebody who holds `version` lacks. */
  since(record: Pick<StoredRecord, "id" | "incarnation">, version: number): readonly Uint8Array[] {
    const share = this.#shares.get(record.id);
    if (share?.incarnation !== record.incarnation || share.version <= version) return [];
    return share.frames.slice(Math.max(0, share.frames.length - (share.version - version)));
  }

  /**
   * @param frame Copied when it is kept.
   * @param recordOf The record held of a peer; without one, nothing can be checked.
   * @throws {MeshError} `malformed-frame`, or `bad-credentials` when its signature is wrong.
   */
  offer(frame: Uint8Array, recordOf: (id: NodeId) => StoredRecord | undefined): ShareNews {
    const { body, signature } = control.share.decode(frame);
    const { id, incarnation, version, whole } = control.shareVersion.read(new Reader(body));
    const record = recordOf(id);
    // What this very node has said comes back to it where there are cycles.
    const isLive = record ? !record.gone && record.incarnation === incarnation : id === this.#self;
    const held = record ? this.version(record) : 0;
    if (!record || !isLive || version <= held) {
      this.old[isLive ? "knownNews" : "strayNews"]++;
      return { on: "old" };
    }
    // Nothing unsigned makes this node ask.
    if (this.#verifier) checkSigned(this.#verifier, record, body, signature);
    const known = held > 0 ? this.#shares.get(id) : undefined;
    const wasFull = known !== undefined && known.newest > known.version;
    if (!whole && !wasFull && (!known || version !== held + 1)) return { on: "behind", record };
    const said = control.shareBody.read(new Reader(body));
    const share = known && !whole ? known : this.#begin(said);
    share.newest = version;
    if ((wasFull && !whole) || !this.#admit(share, frame, said)) {
      this.refused++;
      return wasFull ? { on: "old" } : { on: "refused", record };
    }
    share.version = said.version;
    const kept = frame.slice();
    share.frames.push(kept);
    share.byteLength += frame.byteLength;
    this.#apply(share, said);
    return { on: "news", record, frame: kept };
  }

  /** Forget all that a peer has said. */
  forget(id: NodeId): void {
    const share = this.#shares.get(id);
    if (!share) return;
    for (const want of share.wants.values()) this.#wants.delete(want.pattern, want);
    for (const place of share.services.values()) this.#withdraw(place);
    this.#room.resize(share.roomBytes, 0);
    this.#shares.delete(id);
  }

  // ---- questions

  /** Peers that want `topic` and are not left out by `counts`, and how many leaves of theirs do. */
  subscribers(topic: string, counts: (peer: NodeId) => boolean): { peers: NodeId[]; leaves: number } {
    const peers: NodeId[] = [];
    let leaves = 0;
    for (const [peer, found] of this.wantsOf(topic)) {
      if (!counts(peer)) continue;
      if (found.self) peers.push(peer);
      leaves += found.leaves;
    }
    return { peers, leaves };
  }

  /** Who has told of wanting `topic`. */
  wantsOf(topic: string): Map<NodeId, PeerWants> {
    const byPeer = new Map<NodeId, PeerWants>();
    for (const { peer, self, leaves, told } of this.#wants.match(topic)) {
      const found = byPeer.get(peer);
      // Patterns that overlap may count a leaf more than once; the largest single count is certain.
      byPeer.set(peer, {
        self: self || found?.self === true,
        leaves: Math.max(leaves, found?.leaves ?? 0),
        revision: found ? `${found.revision} ${told}` : `${told}`,
      });
    }
    return byPeer;
  }

  /** Where objects of this name are exposed. */
  instances(service: string): Iterable<ServiceInstance> {
    return this.#instances.get(service) ?? [];
  }

  /** Every exposed object in the mesh. */
  *services(): Generator<ServiceInstance> {
    for (const instances of this.#instances.values()) yield* instances;
  }

  /**
   * Where a leaf that exposes something came last: a gateway that it has left, or that died, lists it for a while. One that is
   * not reached has no say beside one that is.
   */
  lastPlaceOf(owner: NodeId, isReached: (gateway: NodeId) => boolean): Place | undefined {
    let last: Place | undefined;
    for (const place of this.#ofOwner.get(owner) ?? NOWHERE) {
      const isNear = isReached(place.instance.home);
      if (last === undefined || (isNear === isReached(last.instance.home) ? place.arrival > last.arrival : isNear))
        last = place;
    }
    return last;
  }

  // ---- keeping

  #begin({ id, incarnation }: ShareBody): Share {
    this.forget(id);
    const share: Share = {
      incarnation,
      version: 0,
      newest: 0,
      frames: [],
      byteLength: 0,
      roomBytes: 0,
      wants: new Map(),
      services: new Map(),
    };
    this.#shares.set(id, share);
    return share;
  }

  #admit(share: Share, frame: Uint8Array, { id, topics, services }: ShareBody): boolean {
    const byteLength = share.byteLength + frame.byteLength;
    if (byteLength > LIMITS.shareBytes) return false;
    if (id === this.#self) return true;
    // What ends is counted until the next change.
    const entries = share.wants.size + share.services.size + topics.length + services.length;
    const roomBytes = byteLength + entries * ENTRY_BYTES;
    if (!this.#room.resize(share.roomBytes, roomBytes)) return false;
    share.roomBytes = roomBytes;
    return true;
  }

  #apply(share: Share, { id, topics, services }: ShareBody): void {
    for (const { pattern, self, leaves } of topics) {
      const before = share.wants.get(pattern);
      if (before) this.#wants.delete(pattern, before);
      share.wants.delete(pattern);
      if (!self && leaves === 0) continue;
      const want = { peer: id, pattern, self, leaves, told: this.#told++ };
      share.wants.set(pattern, want);
      this.#wants.add(pattern, want);
    }
    for (const { service, owner, ownerName, arrival, offered } of services) {
      const key = owner + service;
      const before = share.services.get(key);
      if (before) this.#withdraw(before);
      share.services.delete(key);
      if (!offered) continue;
      const instance = { service, owner, ownerName, home: id };
      const place = { instance, arrival };
      share.services.set(key, place);
      put(this.#instances, service, instance);
      put(this.#ofOwner, owner, place);
    }
  }

  #withdraw(place: Place): void {
    const { instance } = place;
    take(this.#instances, instance.service, instance);
    take(this.#ofOwner, instance.owner, place);
  }
}

function put<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}

function take<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key);
  if (set?.delete(value) && set.size === 0) sets.delete(key);
}
