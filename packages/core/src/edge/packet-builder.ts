import { Lane } from "../wire/index.ts";

/** Gathers the frames of one packet as parts, joining neighbours in memory into one view instead of copying. */
export class PacketBuilder {
  #parts: Uint8Array[] = [];
  #run: Uint8Array | undefined;
  #from = 0;
  #to = 0;
  /** Bytes gathered so far. */
  byteLength = 0;
  /** The lane that what is added now belongs to. */
  lane: Lane = Lane.control;
  /** Bytes gathered for all packets so far, by lane. */
  readonly laneBytes = [0, 0, 0, 0];

  /** Add `bytes` from `from` to `to`; nobody may modify them any more. */
  add(bytes: Uint8Array, from: number, to: number): void {
    this.byteLength += to - from;
    this.laneBytes[this.lane]! += to - from;
    if (bytes === this.#run && from === this.#to) {
      this.#to = to;
      return;
    }
    this.#endRun();
    this.#run = bytes;
    this.#from = from;
    this.#to = to;
  }

  addWhole(bytes: Uint8Array): void {
    this.add(bytes, 0, bytes.byteLength);
  }

  /** The parts of the packet; the builder is empty afterwards. */
  take(): readonly Uint8Array[] {
    this.#endRun();
    const parts = this.#parts;
    this.#parts = [];
    this.byteLength = 0;
    return parts;
  }

  #endRun(): void {
    const run = this.#run;
    if (!run) return;
    this.#parts.push(this.#from === 0 && this.#to === run.byteLength ? run : run.subarray(this.#from, this.#to));
    this.#run = undefined;
  }
}
