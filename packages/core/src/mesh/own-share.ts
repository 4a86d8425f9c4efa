/**
 * What this peer itself puts into the directory: its own wants and objects, its leaves' wants as counts, its leaves'
 * objects by name. It knows what changed since it was last told. Pure: encodes nothing, sends nothing.
 */
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import { PatternIndex } from "../base/pattern-index.ts";
import { utf8 } from "../base/platform.ts";
import { type InterestBody, inFrames, type ShareBody } from "../wire/index.ts";
import type { Leaf, OwnInterest } from "./interest.ts";

type Topic = ShareBody["topics"][number];
type Service = ShareBody["services"][number];
export type Change = Pick<ShareBody, "whole" | "topics" | "services">;

interface LeafShare extends Leaf {
  readonly topics: Set<string>;
  readonly services: Set<string>;
}

/** How many patterns a leaf wants, and how many objects it exposes. */
export interface LeafHoldings {
  readonly topics: number;
  readonly services: number;
}

/** Who wants a pattern. */
interface Wanted {
  self: boolean;
  readonly leaves: Set<LeafShare>;
}

/** What an entry takes of a frame beside its texts, at most. */
const ENTRY_BYTES = 32;
/** What telling a change costs beside its entries (head, ids, signature), in entries. */
const FRAME_ENTRIES = 4;
/** A share is told anew when its changes cost more than the whole of it, but not for the sake of so few entries. */
const FEW_ENTRIES = 1_024;

export class OwnShare {
  readonly #self: Leaf;
  readonly #topics = new Map<string, Wanted>();
  readonly #index = new PatternIndex<Wanted>();
  readonly #services = new Map<string, Service>();
  readonly #leaves = new Map<object, LeafShare>();
  #changedTopics = new Set<string>();
  #changedServices = new Map<string, Service>();
  #toldWhole = false;
  #entriesSinceWhole = 0;
  #byteLength = 0;
  /** Entries that there was no room for. They are found less well, but stay reachable: data flows by what is asked for. */
  unlisted = 0;

  constructor(self: Leaf) {
    this.#self = self;
  }

  /** Whether there is something to tell. */
  get changed(): boolean {
    const held = this.#topics.size + this.#services.size;
    return this.#changedTopics.size + this.#changedServices.size + (this.#toldWhole ? 0 : held) > 0;
  }

  /** Others have forgotten all of it. */
  tellWhole(): void {
    this.#toldWhole = false;
  }

  /** This node's own interest, the whole of it. */
  set own({ topics, services }: OwnInterest) {
    const now = new Set(topics);
    for (const [pattern, { self }] of this.#topics)
      if (self && !now.has(pattern)) this.#want(pattern, this.#self, false);
    for (const pattern of now) if (!this.#topics.get(pattern)?.self) this.#want(pattern, this.#self, true);
    const offered = new Set(services);
    for (const { service, owner } of [...this.#services.values()])
      if (owner === this.#self.id && !offered.has(service)) this.#offer(this.#self, service, false);
    for (const service of offered) this.#offer(this.#self, service, true);
  }

  /** A leaf told of a change. @param edge Stands for the leaf until `leafLeft`. @returns What it wants and offers now. */
  leafTold(edge: object, leaf: Leaf, { whole, topics, services }: InterestBody): LeafHoldings {
    if (whole) this.leafLeft(edge, leaf);
    let share = this.#leaves.get(edge);
    if (!share) this.#leaves.set(edge, (share = { ...leaf, topics: new Set(), services: new Set() }));
    for (const { pattern, wanted } of topics) {
      if (wanted === share.topics.has(pattern)) continue;
      if (wanted) share.topics.add(pattern);
      else share.topics.delete(pattern);
      this.#want(pattern, share, wanted);
    }
    for (const { service, offered } of services) {
      if (offered) share.services.add(service);
      else share.services.delete(service);
      this.#offer(leaf, service, offered);
    }
    return { topics: share.topics.size, services: share.services.size };
  }

  leafLeft(edge: object, leaf: Leaf): void {
    const share = this.#leaves.get(edge);
    if (!share) return;
    this.#leaves.delete(edge);
    for (const pattern of share.topics) this.#want(pattern, share, false);
    for (const service of share.services) this.#offer(leaf, service, false);
  }

  /** The leaves that want `topic`, by id; those whose pattern there was no room for are left out. */
  leavesOf(topic: string): ReadonlyMap<NodeId, Leaf> {
    const found = new Map<NodeId, Leaf>();
    for (const { leaves } of this.#index.match(topic)) for (const leaf of leaves) found.set(leaf.id, leaf);
    return found;
  }

  /** What is to be told now, cut to frames; the first tells everything anew where that is shorter. */
  *changes(): Generator<Change> {
    const changed = this.#changedTopics.size + this.#changedServices.size;
    const held = this.#topics.size + this.#services.size;
    this.#entriesSinceWhole += changed + FRAME_ENTRIES;
    let whole = !this.#toldWhole || this.#entriesSinceWhole > Math.max(FEW_ENTRIES, held);
    const topics = (whole ? [...this.#topics.keys()] : [...this.#changedTopics]).map((pattern) => this.#topic(pattern));
    const services = whole ? [...this.#services.values()] : [...this.#changedServices.values()];
    this.#changedTopics = new Set();
    this.#changedServices = new Map();
    this.#toldWhole = true;
    if (whole) this.#entriesSinceWhole = 0;
    const runs = [...inFrames(services, ({ service, ownerName }) => service + ownerName)];
    for (const some of inFrames(topics, ({ pattern }) => pattern)) {
      yield { whole, topics: some, services: runs.shift() ?? [] };
      whole = false;
    }
    for (const some of runs) yield { whole: false, topics: [], services: some };
  }

  #topic(pattern: string): Topic {
    const wanted = this.#topics.get(pattern);
    return { pattern, self: wanted?.self ?? false, leaves: wanted?.leaves.size ?? 0 };
  }

  /** @param by This node itself, or one of its leaves. */
  #want(pattern: string, by: Leaf | LeafShare, wanted: boolean): void {
    let entry = this.#topics.get(pattern);
    if (!entry) {
      if (!wanted || !this.#admit(pattern)) return;
      this.#topics.set(pattern, (entry = { self: false, leaves: new Set() }));
      this.#index.add(pattern, entry);
    }
    if (!("topics" in by)) entry.self = wanted;
    else if (wanted) entry.leaves.add(by);
    else entry.leaves.delete(by);
    // Also when the count is what it was: whoever asks for names hears that they are others now.
    this.#changedTopics.add(pattern);
    if (entry.self || entry.leaves.size > 0) return;
    this.#topics.delete(pattern);
    this.#index.delete(pattern, entry);
    this.#release(pattern);
  }

  #offer({ id, name, arrival = 0 }: Leaf, service: string, offered: boolean): void {
    const key = id + service;
    const isListed = this.#services.has(key);
    if (isListed === offered || (offered && !this.#admit(service + name))) return;
    const entry = { service, owner: id, ownerName: name, arrival, offered };
    this.#changedServices.set(key, entry);
    if (offered) this.#services.set(key, entry);
    else {
      this.#services.delete(key);
      this.#release(service + name);
    }
  }

  /** Half of what others keep of a peer: the other half is for changes. */
  #admit(text: string): boolean {
    const byteLength = this.#byteLength + ENTRY_BYTES + utf8.encode(text).byteLength;
    if (byteLength > LIMITS.shareBytes / 2) {
      this.unlisted++;
      return false;
    }
    this.#byteLength = byteLength;
    return true;
  }

  #release(text: string): void {
    this.#byteLength -= ENTRY_BYTES + utf8.encode(text).byteLength;
  }
}
