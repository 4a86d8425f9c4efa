/**
 * Whether the other side of an open edge lives. Peers ask each other every second, a gateway asks its leaves every
 * 20 s, a leaf only listens, unless it has reason to doubt: then it asks too. It keeps the time and judges; the edge
 * carries pings and pongs, and ends. Silence is counted in this process's own running time: what it slept is none.
 */
import type { Clock } from "../base/clock.ts";
import { TIMINGS } from "../base/limits.ts";
import { dispose } from "../base/platform.ts";
import type { Turn } from "../base/turn.ts";
import type { Link } from "../link/index.ts";

export interface KeepAliveHost {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly link: Pick<Link, "receivedBytes" | "waitingBytes">;
  /** Bytes given to the link so far. */
  readonly bytesOut: number;
  /** Send a ping with this token. */
  ping(token: number): void;
  /** There was no sign of life for so long. */
  onDead(silenceMs: number): void;
}

/** Who asks whom: both sides, this side alone (a gateway its leaf), or the other side alone. */
export type Asking = "both" | "us" | "them";

export class KeepAlive {
  readonly #host: KeepAliveHost;
  readonly #asking: Asking;
  /** So long a silence is the end, in ms. Where a leaf is: a ping's turn, and the time to answer it. */
  readonly #patienceMs: number;
  #timer: Disposable | undefined;
  /** When the timer should fire. */
  #dueMs = 0;
  /** When something came last; later by what this process has slept since. */
  #heardAtMs: number;
  /** Asked out of turn, and not answered yet: the answer's time is all the patience there is. */
  #probing = false;
  /** What the link had received when it was last looked at. */
  #receivedBytes: number | undefined;
  /** What had left the link when it was last looked at, if anything waited behind that. */
  #takenBytes: number | undefined;
  /** The ping not yet answered: its token is when it left, in microseconds. */
  #asked: { readonly token: number; readonly atMs: number } | undefined;
  /** When to ask next. */
  #askAtMs: number;

  constructor(host: KeepAliveHost, asking: Asking) {
    this.#host = host;
    this.#asking = asking;
    this.#patienceMs = TIMINGS.pongMs + (asking === "both" ? 0 : TIMINGS.leafPingMs);
    this.#heardAtMs = host.clock.now();
    this.#askAtMs = asking === "them" ? Number.POSITIVE_INFINITY : this.#heardAtMs;
    this.#receivedBytes = host.link.receivedBytes;
    this.#tick();
  }

  get silentMs(): number {
    return this.#host.clock.now() - this.#heardAtMs;
  }

  /** Something came. */
  heard(): void {
    this.#heardAtMs = this.#host.clock.now();
  }

  /** @returns The round trip in ms, when the newest ping was answered. */
  answered(token: number): number | undefined {
    if (this.#asked?.token !== token) return undefined;
    const roundTripMs = this.#host.clock.now() - this.#asked.atMs;
    this.#asked = undefined;
    this.#probing = false;
    return roundTripMs;
  }

  /**
   * Ask now; silence from here on for the time of an answer is the end. That time goes on when asked again meanwhile:
   * whoever probes again and again does not put off the end.
   */
  probe(): void {
    this.#ask(this.#host.clock.now());
    if (this.#probing) return;
    this.#probing = true;
    this.#look();
    this.heard();
    this.#arm();
  }

  /** Before something is written: what is asked now stands in front of whatever may pile up. */
  onWrite(): void {
    if (this.#asking !== "us") return;
    const nowMs = this.#host.clock.now();
    if (nowMs - Math.max(this.#heardAtMs, this.#asked?.atMs ?? 0) >= TIMINGS.leafWritePingMs) this.#ask(nowMs);
  }

  /** The link takes nothing for now. What is asked would stand behind what waits: what leaves is looked at instead. */
  onBackedUp(): void {
    if (this.#asking !== "us" || this.#takenBytes !== undefined) return;
    this.#look();
    this.#arm();
  }

  stop(): void {
    this.#timer?.[dispose]();
  }

  #tick(): void {
    const nowMs = this.#host.clock.now();
    this.#look();
    const lateMs = this.#timer === undefined ? 0 : nowMs - this.#dueMs;
    const isLate = lateMs >= TIMINGS.lateMs;
    if (isLate) this.#heardAtMs = Math.min(nowMs, this.#heardAtMs + lateMs);
    const patienceMs = this.#probing ? TIMINGS.pongMs : this.#patienceMs;
    // A process that was asleep itself reads what waits before it judges; one whose timers are always late judges in the end.
    if (nowMs - this.#heardAtMs >= patienceMs + (isLate ? TIMINGS.pongMs : 0)) return this.#host.onDead(patienceMs);
    // What has become of the way to its gateway meanwhile, a leaf would hear only after its whole patience.
    if (isLate && this.#asking === "them" && !this.#probing) return this.probe();
    if (nowMs >= this.#askAtMs) {
      this.#askAtMs = this.#asking === "both" ? nowMs : nowMs + TIMINGS.leafPingMs;
      // Who lives but does not answer is asked again in the end: an estimate must not freeze.
      if (!this.#asked || nowMs - this.#asked.atMs >= TIMINGS.pongMs) this.#ask(nowMs);
    }
    this.#arm(isLate);
  }

  #ask(nowMs: number): void {
    this.#asked = { token: Math.round(nowMs * 1000), atMs: nowMs };
    this.#host.ping(this.#asked.token);
  }

  /** Signs of life other than frames: the bytes of a large one that is not whole yet; and where a carrier was full, those it took. */
  #look(): void {
    const { link, bytesOut } = this.#host;
    if (link.receivedBytes !== this.#receivedBytes) this.heard();
    this.#receivedBytes = link.receivedBytes;
    if (this.#asking !== "us" && !this.#probing) return;
    const waitingBytes = link.waitingBytes ?? 0;
    const takenBytes = bytesOut - waitingBytes;
    if (this.#takenBytes !== undefined && takenBytes > this.#takenBytes) this.heard();
    this.#takenBytes = waitingBytes > 0 ? takenBytes : undefined;
  }

  #arm(soon = false): void {
    const nowMs = this.#host.clock.now();
    const isWatched = soon || this.#asking === "both" || this.#takenBytes !== undefined;
    const patienceMs = this.#probing ? TIMINGS.pongMs : this.#patienceMs;
    this.#dueMs = isWatched ? nowMs + TIMINGS.peerPingMs : Math.min(this.#askAtMs, this.#heardAtMs + patienceMs);
    this.#timer?.[dispose]();
    this.#timer = this.#host.clock.setTimer(Math.max(0, this.#dueMs - nowMs), () =>
      this.#host.turn.run(() => this.#tick()),
    );
  }
}
