/**
 * Everybody's records: what each peer says of itself, newest only. A record travels as its origin encoded and signed
 * it; this store decides which one is newer and when it has expired. It sends nothing.
 */
import type { Verifier } from "../auth/index.ts";
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { TIMINGS } from "../base/limits.ts";
import { control, Reader, type RecordBody } from "../wire/index.ts";

export interface StoredRecord extends RecordBody {
  /** The frame to pass on, byte for byte. */
  readonly frame: Uint8Array;
  readonly expiresAtMs: number;
}

export class Records {
  readonly #verifier: Verifier | undefined;
  readonly #byId = new Map<NodeId, StoredRecord>();

  constructor(verifier: Verifier | undefined) {
    this.#verifier = verifier;
  }

  get byId(): ReadonlyMap<NodeId, StoredRecord> {
    return this.#byId;
  }

  /**
   * Read a record frame and keep it when it is newer than what is known.
   * @param frame Owned by the store from now on.
   * @returns The record, or undefined when it is old news.
   * @throws {MeshError} `malformed-frame`, or `bad-credentials` when its signature is wrong.
   */
  offer(frame: Uint8Array, nowMs: number): StoredRecord | undefined {
    const { body, signature } = control.record.decode(frame);
    const record = control.recordBody.read(new Reader(body));
    const known = this.#byId.get(record.id);
    if (known && !isNewer(record, known)) return undefined;
    if (record.role === "leaf") throw new MeshError("malformed-frame", `a record of ${record.id}, which is a leaf`);
    if (this.#verifier) {
      const genuine =
        this.#verifier.idOf(record.publicKey) === record.id && this.#verifier.verify(record.publicKey, body, signature);
      if (!genuine) throw new MeshError("bad-credentials", `the record of ${record.id} is not signed by its key`);
    }
    const stored = { ...record, frame, expiresAtMs: nowMs + TIMINGS.recordExpiryMs };
    this.#byId.set(record.id, stored);
    return stored;
  }

  /** Give every record its whole time again: the one who would have refreshed them could not be heard. */
  renew(nowMs: number): void {
    for (const [id, record] of this.#byId)
      this.#byId.set(id, { ...record, expiresAtMs: nowMs + TIMINGS.recordExpiryMs });
  }

  /** Drop what has not been refreshed; gives what was dropped. */
  expire(nowMs: number, self: NodeId): StoredRecord[] {
    const dropped = [...this.#byId.values()].filter((record) => record.id !== self && record.expiresAtMs <= nowMs);
    for (const record of dropped) this.#byId.delete(record.id);
    return dropped;
  }
}

function isNewer(a: RecordBody, b: RecordBody): boolean {
  return a.incarnation !== b.incarnation ? a.incarnation > b.incarnation : a.sequence > b.sequence;
}
