/**
 * What children lack of a flow and this node does not hold any more. It is asked of the upstream again, no more at a time
 * than the log can spare, and kept beside what the flow holds: nobody else waits meanwhile, nothing held is lost for it,
 * and a slow child asks for more only when it has taken what came.
 */
import { FlowLog, type HoleReason } from "./log.ts";

export interface CatchUpHost {
  /** What the flow itself holds. */
  readonly log: FlowLog;
  /** So much may come at a time. */
  readonly windowBytes: number;
  /** Whether anything may still come in this turn: who reads it does so when the turn ends. */
  hasRoom(): boolean;
  /** Tell the upstream where to go on. */
  tell(): void;
  /** More has come for those who are behind, or they may ask. */
  wake(): void;
}

export class CatchUp {
  /** What has come: numbers below those that the flow's own log holds. */
  log: FlowLog;
  /** It came after this one. */
  #after: number;
  /** The upstream was told to go on after `log.head`; otherwise it goes on after the flow's own head. */
  isAsking = true;
  readonly #host: CatchUpHost;
  /** What has come since somebody asked. */
  #bytes = 0;
  /** The lowest number somebody asked for the next one of while something else was asked for. */
  #lowest = Number.POSITIVE_INFINITY;

  constructor(after: number, host: CatchUpHost) {
    this.#after = after;
    this.log = new FlowLog(after);
    this.#host = host;
  }

  /** Somebody lacks what comes after `after`: asked for from now on, or when what is asked for now has come. */
  ask(after: number): void {
    const from = Math.min(this.#lowest, after);
    this.#lowest = from;
    if (this.isAsking && from !== this.log.head) return;
    this.#lowest = Number.POSITIVE_INFINITY;
    this.#bytes = 0; // all that has come was taken
    if (from !== this.log.head) {
      this.#after = from;
      this.log = new FlowLog(from);
    }
    this.#tell(true);
  }

  /** Whether `seq` comes next and there is room for it. */
  takes(seq: number): boolean {
    if (seq !== this.log.head + 1 || seq > this.#host.log.base) return false;
    if (this.#bytes < this.#host.windowBytes && this.#host.hasRoom()) return true;
    // The rest waits upstream until those who asked have taken what came.
    this.#tell(false);
    this.#host.wake();
    return false;
  }

  /** Whether `seq` had come, and is gone again. */
  hasLost(seq: number): boolean {
    return seq > this.#after && seq <= this.log.base;
  }

  /** The next number has been added to the log. */
  onTaken(bytes: number): void {
    this.#bytes += bytes;
    this.#onHead();
  }

  /** The upstream cannot deliver `from` to `to`. */
  onGap(from: number, to: number, reason: HoleReason): void {
    const own = this.#host.log;
    const end = Math.min(to, own.base);
    if (!this.isAsking || from > this.log.head + 1 || end <= this.log.head) return;
    if (reason === "forgotten") own.floor = Math.max(own.floor, end);
    this.log.lose(end, reason);
    this.#onHead();
  }

  #onHead(): void {
    if (this.log.head >= this.#host.log.base) this.#tell(false);
    this.#host.wake();
  }

  #tell(isAsking: boolean): void {
    if (this.isAsking === isAsking) return;
    this.isAsking = isAsking;
    if (isAsking || this.log.head < this.#host.log.head) this.#host.tell();
  }
}
