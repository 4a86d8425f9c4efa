/**
 * News of peers on their way to neighbours. A neighbour that reads slowly costs a note for each peer and no queue of frames:
 * what it is told is made when its link takes it, and is the newest then. And who says more than any peer has to, is passed on
 * at an even pace: several of its news become one, and nothing is lost.
 */
import type { Clock } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import type { Edge } from "../edge/index.ts";
import type { Directory } from "./directory.ts";
import { aged, type Records, type StoredRecord } from "./records.ts";

export interface FloodOptions {
  readonly clock: Clock;
  readonly records: Records;
  readonly directory: Directory;
  edges(): Iterable<Edge>;
}

/** What somebody has not been told of a peer. */
interface News {
  readonly incarnation: number;
  readonly record: boolean;
  /** What comes after this version of its share; undefined when nothing does. */
  readonly after: number | undefined;
}

type Untold = Map<NodeId, News>;

export class Flood {
  readonly #options: FloodOptions;
  readonly #untold = new WeakMap<Edge, Untold>();
  /** Of those that say too much; told to everybody together when it is time. */
  readonly #held: Untold = new Map();
  #releaseAtMs = Number.POSITIVE_INFINITY;
  /** Until when what a peer has said would have taken at an even pace (the generic cell rate algorithm, ITU-T I.371). */
  readonly #untilMs = new Map<NodeId, number>();
  /** News that had to wait and were told with later ones. */
  heldBack = 0;

  constructor(options: FloodOptions) {
    this.#options = options;
  }

  /** @param from Who told it; what is told of oneself is paced already. */
  onRecord(record: StoredRecord, from?: Edge): void {
    this.#onNews(record.id, { incarnation: record.incarnation, record: true, after: undefined }, from);
  }

  /** One more version is held of a share. */
  onShare(record: StoredRecord, from?: Edge): void {
    const after = this.#options.directory.lastFrame(record) - 1;
    this.#onNews(record.id, { incarnation: record.incarnation, record: false, after }, from);
  }

  /** How long until something is to be told, in ms. */
  dueInMs(nowMs: number): number {
    return this.#releaseAtMs - nowMs;
  }

  /** Tell what was held back. */
  release(nowMs: number): void {
    if (nowMs < this.#releaseAtMs) return;
    this.#releaseAtMs = Number.POSITIVE_INFINITY;
    for (const [id, news] of this.#held) {
      this.#charge(id, nowMs);
      this.#tell(id, news);
    }
    this.#held.clear();
  }

  /** Forget whoever has been quiet. */
  sweep(nowMs: number): void {
    for (const [id, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(id);
  }

  #onNews(id: NodeId, news: News, from: Edge | undefined): void {
    const nowMs = this.#options.clock.now();
    if (!from || this.#mayTell(id, nowMs)) return this.#tell(id, news, from);
    if (this.#held.size === 0) this.#releaseAtMs = nowMs + TIMINGS.originPauseMs;
    this.heldBack++;
    note(this.#held, id, news);
  }

  #mayTell(id: NodeId, nowMs: number): boolean {
    if (this.#held.has(id)) return false;
    const aheadMs = (this.#untilMs.get(id) ?? nowMs) - nowMs;
    if (aheadMs > LIMITS.originBurst * TIMINGS.originPauseMs) return false;
    this.#charge(id, nowMs);
    return true;
  }

  #charge(id: NodeId, nowMs: number): void {
    this.#untilMs.set(id, Math.max(this.#untilMs.get(id) ?? nowMs, nowMs) + TIMINGS.originPauseMs);
  }

  #tell(id: NodeId, news: News, from?: Edge): void {
    for (const edge of this.#options.edges()) {
      if (edge === from) continue;
      let untold = this.#untold.get(edge);
      if (!untold) this.#untold.set(edge, (untold = new Map()));
      if (note(untold, id, news)) this.#queue(edge, untold, id);
    }
  }

  #queue(edge: Edge, untold: Untold, id: NodeId): void {
    edge.sendLate(() => this.#next(untold, id));
  }

  /** The next frame that tells of a peer, as it is now; undefined when all is told. */
  #next(untold: Untold, id: NodeId): Uint8Array | undefined {
    const news = untold.get(id)!;
    const { clock, records, directory } = this.#options;
    const record = records.byId.get(id);
    if (record && news.record) {
      untold.set(id, { ...news, record: false });
      return aged(record, clock.now());
    }
    if (record && news.after !== undefined) {
      const [frame, ...more] = directory.since(record, news.incarnation === record.incarnation ? news.after : 0);
      if (frame) {
        const after = directory.lastFrame(record) - more.length;
        untold.set(id, { incarnation: record.incarnation, record: false, after });
        return frame;
      }
    }
    untold.delete(id);
    return undefined;
  }
}

/** @returns Whether there was nothing to tell of that peer before. */
function note(untold: Untold, id: NodeId, news: News): boolean {
  const before = untold.get(id);
  if (!before) untold.set(id, news);
  else {
    const isSameLife = before.incarnation === news.incarnation;
    const after = isSameLife ? (before.after ?? news.after) : news.after;
    untold.set(id, { ...news, record: before.record || news.record, after });
  }
  return !before;
}
