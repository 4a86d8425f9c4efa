/**
 * What children lack of a flow and this node does not hold any more. It is asked of the upstream again, no more at a time
 * than the log can spare, and kept beside what the flow holds: nobody else waits meanwhile, nothing held is lost for it,
 * and a slow child asks for more only when it has taken what came.
 */
import { FlowLog } from "./log.ts";

export interface CatchUpHost {
  /** What the flow itself holds. */
  readonly log: FlowLog;
  /** So much may come at a time. */
  readonly windowBytes: number;
  /** Tell the upstream where to go on. */
  tell(): void;
  /** More has come for those who are behind, or they may ask. */
  wake(): void;
}

export class CatchUp {
  /** What has come: numbers below those that the flow's own log holds. */
  log: FlowLog;
  /** The upstream was told to go on after `log.head`; otherwise it goes on after the flow's own head. */
  isAsking = true;
  readonly #host: CatchUpHost;
  /** What has come since somebody asked. */
  #bytes = 0;
  /** The lowest number somebody asked for the next one of while something else was asked for. */
  #lowest = Number.POSITIVE_INFINITY;

  constructor(after: number, host: CatchUpHost) {
    this.log = new FlowLog(after);
    this.#host = host;
  }

  /** Somebody lacks what comes after `after`. @returns Whether that is asked for from now on; else it is later, or was before. */
  ask(after: number): boolean {
    const from = Math.min(this.#lowest, after);
    this.#lowest = from;
    if (this.isAsking && from !== this.log.head) return false;
    this.#lowest = Number.POSITIVE_INFINITY;
    this.#bytes = 0; // all that has come was taken
    if (this.isAsking) return false;
    if (from !== this.log.head) this.log = new FlowLog(from);
    this.#tell(true);
    return from === after;
  }

  /** Whether `seq` comes next and there is room for it. */
  takes(seq: number): boolean {
    if (seq !== this.log.head + 1 || seq > this.#host.log.base) return false;
    // Those who asked have not taken what came. The rest waits upstream until they have.
    if (this.#isFull) this.#tell(false);
    return !this.#isFull;
  }

  /** The next number has been added to the log. */
  onTaken(bytes: number): void {
    this.#bytes += bytes;
    this.#onHead();
  }

  /** The upstream cannot deliver what comes next, up to `to`. */
  onGap(to: number): void {
    const own = this.#host.log;
    const end = Math.min(to, own.base);
    if (!this.isAsking || end <= this.log.head) return;
    own.floor = Math.max(own.floor, end);
    this.log.lose(end);
    this.#onHead();
  }

  get #isFull(): boolean {
    return this.#bytes >= this.#host.windowBytes;
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
