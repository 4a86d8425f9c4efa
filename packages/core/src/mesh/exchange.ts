/**
 * What neighbours tell this node of all peers: a digest asks for it when an edge opens, answers bring what is newer, and from
 * then on comes whatever is news. What it tells them is its speaker's business.
 */
import type { Clock, Logger } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import type { Edge } from "../edge/index.ts";
import { control, type DigestBody, Lane } from "../wire/index.ts";
import type { Directory } from "./directory.ts";
import type { Records, StoredRecord } from "./records.ts";

export interface ExchangeOptions {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly records: Records;
  readonly directory: Directory;
  /** Others may hear what `from` has just told. */
  onRecord(record: StoredRecord, from: Edge): void;
  onShare(record: StoredRecord, from: Edge): void;
  /** This record is no news, or there is no room for it. */
  onOldRecord(frame: Uint8Array, from: Edge): void;
}

/** Who was asked for what is missing is not asked again for so long, in ms. */
const ASK_AGAIN_MS = 1_000;

export class Exchange {
  readonly #options: ExchangeOptions;
  /** Neighbours that have told all they had. */
  readonly #syncedWith = new WeakSet<Edge>();
  /** When who was last asked for the missing part of a peer's share. */
  readonly #askedAtMs = new Map<NodeId, WeakMap<Edge, number>>();

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Ask a new neighbour for all that is not known here. */
  begin(edge: Edge): void {
    const known = [...this.#options.records.byId.values()].map((record) => this.#holds(record));
    edge.send(Lane.control, [control.digest.encode({ whole: true, known })]);
  }

  /** A neighbour has told all it had. @returns Whether that is news. */
  onSynced(edge: Edge): boolean {
    if (this.#syncedWith.has(edge)) return false;
    this.#syncedWith.add(edge);
    return true;
  }

  /** @returns The record, when it is news. @throws {MeshError} as `Records.offer`. */
  onRecord(edge: Edge, frame: Uint8Array): StoredRecord | undefined {
    const { self, clock, logger, records, directory } = this.#options;
    const { refused } = records;
    const record = records.offer(frame, clock.now());
    if (!record) {
      this.#options.onOldRecord(frame, edge);
      if (refused === 0 && records.refused > 0) logger.log("warn", "mesh full", { peers: records.byId.size });
      return undefined;
    }
    // Of this very peer others must not hear from here what it did not say in this life.
    if (record.id === self) return record;
    const held = directory.version(record);
    if (record.gone || held === 0) directory.forget(record.id);
    if (record.directory > held && !record.gone && this.#syncedWith.has(edge)) this.#ask(edge, record);
    this.#options.onRecord(record, edge);
    return record;
  }

  /** @returns Whether it is news. @throws {MeshError} as `Directory.offer`. */
  onShare(edge: Edge, frame: Uint8Array): boolean {
    const { self, logger, records, directory } = this.#options;
    const news = directory.offer(frame, (id) => (id === self ? undefined : records.byId.get(id)));
    switch (news.on) {
      case "old":
        return false;
      case "behind":
        this.#ask(edge, news.record);
        return false;
      case "refused":
        logger.log("warn", "share too large", { peer: news.record.id, bytes: LIMITS.shareBytes });
        return false;
      case "news":
        this.#askedAtMs.delete(news.record.id);
        this.#options.onShare(news.record, edge);
        return true;
    }
  }

  forget(peer: NodeId): void {
    this.#askedAtMs.delete(peer);
  }

  /** Part of a peer's share is missing: whoever knew of it has it. One who does not answer keeps nobody else from it. */
  #ask(edge: Edge, record: StoredRecord): void {
    const nowMs = this.#options.clock.now();
    let askedAtMs = this.#askedAtMs.get(record.id);
    if (!askedAtMs) this.#askedAtMs.set(record.id, (askedAtMs = new WeakMap()));
    if (nowMs - (askedAtMs.get(edge) ?? Number.NEGATIVE_INFINITY) < ASK_AGAIN_MS) return;
    askedAtMs.set(edge, nowMs);
    edge.send(Lane.control, [control.digest.encode({ whole: false, known: [this.#holds(record)] })]);
  }

  #holds({ id, incarnation, sequence }: StoredRecord): DigestBody["known"][number] {
    return { id, incarnation, sequence, directory: this.#options.directory.version({ id, incarnation }) };
  }
}
