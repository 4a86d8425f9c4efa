/**
 * The last records of peers that have expired. The age of a record is its bearer's word, so without them one that somebody
 * kept would bring back who is gone; and of two clocks either may be wrong, so no time that is signed would tell. Who has
 * expired longest ago is forgotten first. Pure.
 */
import type { NodeId } from "../base/ids.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import { control, Reader } from "../wire/index.ts";
import { aged, isNewer } from "./records.ts";
import { Room } from "./room.ts";

export interface LastRecord {
  readonly id: NodeId;
  readonly incarnation: number;
  readonly sequence: number;
  readonly frame: Uint8Array;
}

export class Departed {
  readonly #byId = new Map<NodeId, LastRecord>();
  readonly #room = new Room(LIMITS.departedBytes);

  get(id: NodeId): LastRecord | undefined {
    return this.#byId.get(id);
  }

  add({ id, incarnation, sequence, frame }: LastRecord): void {
    this.delete(id);
    if (this.#byId.size >= LIMITS.peers) this.#forgetOldest(() => true);
    // One that takes more than its part makes room for itself among those that do.
    while (!this.#room.resize(0, frame.byteLength))
      this.#forgetOldest((last) => this.#room.isAbove(last.frame.byteLength));
    this.#byId.set(id, { id, incarnation, sequence, frame });
  }

  delete(id: NodeId): void {
    const last = this.#byId.get(id);
    if (!last) return;
    this.#byId.delete(id);
    this.#room.resize(last.frame.byteLength, 0);
  }

  /** What to tell, now, whoever told this record, when it is older than the last one of a peer that has expired. */
  lastWord(frame: Uint8Array, nowMs: number): Uint8Array | undefined {
    if (this.#byId.size === 0) return undefined;
    const version = control.recordVersion.read(new Reader(control.record.decode(frame).body));
    const last = this.#byId.get(version.id);
    if (!last || !isNewer(last, version)) return undefined;
    return aged({ frame: last.frame, expiresAtMs: nowMs + TIMINGS.departedMs }, nowMs);
  }

  #forgetOldest(may: (last: LastRecord) => boolean): void {
    for (const last of this.#byId.values()) if (may(last)) return this.delete(last.id);
  }
}
