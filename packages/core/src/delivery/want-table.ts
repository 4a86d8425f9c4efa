/**
 * What one neighbour wants, and of whom: some patterns of some origins. Origins of whom the same is wanted share one
 * list, so that a frame of m origins and n patterns costs m + n entries and not m times n.
 */
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import type { AttachBody } from "../wire/index.ts";

/** Patterns, each with whether it began fresh, with ATTACHED; else it goes on after positions. */
export type Wants = ReadonlyMap<string, boolean>;

/** Stands for what it holds: when that changes, another one takes its place. */
export interface WantList {
  readonly wants: Wants;
}

interface SharedList extends WantList {
  readonly wants: Map<string, boolean>;
  /** How many origins share it. */
  users: number;
  /** What it takes in memory, roughly. */
  readonly byteLength: number;
}

export const NOTHING: Wants = new Map();

export class WantTable {
  readonly #lists = new Map<NodeId, SharedList>();
  /** Lists that differ. */
  #differing = 0;
  /** Patterns in all lists. */
  #patterns = 0;
  /** What all lists take in memory. */
  #byteLength = 0;
  /** The list changed last: origins come to want the same one after the other. */
  #latest: SharedList | undefined;

  /** Entries held, for origins and patterns together. */
  get size(): number {
    return this.#lists.size + this.#patterns;
  }

  /** Patterns in all lists that differ. */
  get patterns(): number {
    return this.#patterns;
  }

  /** What it makes a node hold, roughly, in bytes. @param setBytes What each list that differs takes beside itself. */
  byteLength(setBytes: number): number {
    return this.#byteLength + this.#differing * setBytes;
  }

  get origins(): Iterable<NodeId> {
    return this.#lists.keys();
  }

  of(origin: NodeId): Wants {
    return this.listOf(origin)?.wants ?? NOTHING;
  }

  listOf(origin: NodeId): WantList | undefined {
    return this.#lists.get(origin);
  }

  /** @throws {MeshError} `too-large`, which ends the edge: then this table is not used any more. */
  add(origins: Iterable<NodeId>, wants: AttachBody["wants"]): void {
    if (wants.length === 0) return;
    this.#change(origins, (list) => {
      let bytes = 0;
      for (const { pattern, fresh } of wants) {
        if (!list.has(pattern)) bytes += bytesOf(pattern);
        list.set(pattern, fresh);
      }
      return bytes;
    });
  }

  /** No pattern means all. */
  delete(origins: Iterable<NodeId>, patterns: readonly string[]): void {
    this.#change(origins, (list) => {
      let bytes = 0;
      for (const pattern of patterns.length > 0 ? patterns : [...list.keys()])
        if (list.delete(pattern)) bytes -= bytesOf(pattern);
      return bytes;
    });
  }

  /** @param apply Gives how many bytes the list takes more. */
  #change(origins: Iterable<NodeId>, apply: (wants: Map<string, boolean>) => number): void {
    const sharers = new Map<SharedList | undefined, NodeId[]>();
    for (const origin of new Set(origins)) {
      const list = this.#lists.get(origin);
      const others = sharers.get(list);
      if (others) others.push(origin);
      else sharers.set(list, [origin]);
    }
    for (const [list, ids] of sharers) {
      for (const id of ids) this.#lists.delete(id);
      if (list) this.#release(list, ids.length);
      const wants = list && list.users === 0 ? list.wants : new Map(list?.wants);
      const byteLength = (list?.byteLength ?? 0) + apply(wants);
      if (wants.size > 0) this.#share(ids, wants, byteLength);
    }
  }

  #share(ids: readonly NodeId[], wants: Map<string, boolean>, byteLength: number): void {
    if (!this.#latest || this.#latest.users === 0 || !isEqual(this.#latest.wants, wants)) {
      this.#latest = { wants, users: 0, byteLength };
      this.#differing++;
      this.#patterns += wants.size;
      this.#byteLength += byteLength;
    }
    this.#latest.users += ids.length;
    for (const id of ids) this.#lists.set(id, this.#latest);
    check(this.#lists.size, "origins wanted by one neighbour", "edgeOrigins");
    check(this.#patterns, "patterns wanted by one neighbour", "edgePatterns");
  }

  #release(list: SharedList, users: number): void {
    list.users -= users;
    if (list.users > 0) return;
    this.#differing--;
    this.#patterns -= list.wants.size;
    this.#byteLength -= list.byteLength;
  }
}

/** What one pattern takes in a list. */
const bytesOf = (pattern: string): number => 64 + pattern.length;

function check(count: number, what: string, limit: "edgeOrigins" | "edgePatterns"): void {
  if (count > LIMITS[limit]) throw new MeshError("too-large", `${count} ${what}; LIMITS.${limit} is ${LIMITS[limit]}`);
}

function isEqual(one: Wants, other: Wants): boolean {
  if (one.size !== other.size) return false;
  for (const [pattern, fresh] of one) if (other.get(pattern) !== fresh) return false;
  return true;
}
