/**
 * One neighbour this node wants, by its address or several to choose from: dialled, and dialled again with backoff and full jitter for as long as it
 * is wanted. `step` decides, the driver below runs it.
 */
import { asMeshError, type MeshError, type MeshErrorCode } from "../base/errors.ts";
import { TIMINGS } from "../base/limits.ts";
import { dispose } from "../base/platform.ts";
import type { Edge } from "./edge.ts";

export type SeedState =
  /** `cause`: why the dial before failed, or the edge was lost. */
  | {
      readonly phase: "dialling";
      readonly attempt: number;
      readonly sinceMs: number;
      readonly cause: MeshError | undefined;
      /** The address that was dialled before is dialled once more, and not the next. */
      readonly isAgain?: boolean;
    }
  /** An edge to that node is open, or one after the other has been since then; perhaps not ones we dialled. */
  | { readonly phase: "served"; readonly edge: Edge; readonly attempt: number; readonly sinceMs: number }
  | { readonly phase: "waiting"; readonly attempt: number; readonly retryAtMs: number; readonly cause: MeshError }
  /** Nothing to hope for: the address leads to ourselves, or it was stopped. */
  | { readonly phase: "stopped"; readonly cause: MeshError | undefined };

export type SeedInput =
  /** `wake`: what was tried before says nothing any more. */
  | { readonly on: "tick" | "stop" | "wake" }
  | { readonly on: "open"; readonly edge: Edge }
  /** `isAgain`: the same address may take this node as it is now. */
  | {
      readonly on: "failed" | "lost";
      readonly error: MeshError;
      readonly isHasty?: boolean;
      readonly isAgain?: boolean;
    };

/** Full jitter (AWS Architecture Blog, "Exponential Backoff and Jitter"): uniform up to a doubling bound. `luck` is in [0, 1). */
export function redialDelayMs(attempt: number, luck: number): number {
  return luck * Math.min(TIMINGS.redialMaxMs, TIMINGS.redialMinMs * 2 ** attempt);
}

const REFUSALS: ReadonlySet<MeshErrorCode> = new Set([
  "other-mesh",
  "unsupported-version",
  "bad-credentials",
  "bad-ticket",
  "forbidden",
]);

/** Whether a redial soon would change nothing: somebody has to do something first. */
export const isRefusal = (error: MeshError): boolean => REFUSALS.has(error.code);

/** An edge that opens and ends at once, or breaks over the same thing every time, is dialled as one that never opens. */
function nextAttempt(state: SeedState & { readonly attempt: number }, error: MeshError, nowMs: number): number {
  if (state.phase !== "served") return state.attempt;
  if (!error.retryable) return state.attempt + 1;
  return nowMs - state.sinceMs < TIMINGS.redialAnewMs ? state.attempt : 0;
}

/**
 * Pure. An input the phase does not expect changes nothing.
 * @param choices How many addresses there are: who is refused at one may be welcome at the next.
 */
export function step(state: SeedState, input: SeedInput, nowMs: number, luck: number, choices = 1): SeedState {
  if (state.phase === "stopped") return state;
  if (input.on === "stop") return { phase: "stopped", cause: undefined };
  switch (input.on) {
    case "tick":
      return state.phase === "waiting" && nowMs >= state.retryAtMs
        ? { phase: "dialling", attempt: state.attempt + 1, sinceMs: nowMs, cause: state.cause }
        : state;
    case "wake":
      if (state.phase === "served" || (state.phase === "dialling" && nowMs - state.sinceMs < TIMINGS.staleDialMs))
        return state;
      return { phase: "dialling", attempt: 0, sinceMs: nowMs, cause: state.cause };
    case "open":
      return {
        phase: "served",
        edge: input.edge,
        attempt: state.attempt,
        sinceMs: state.phase === "served" ? state.sinceMs : nowMs,
      };
    case "failed":
    case "lost": {
      if (state.phase === "waiting") return state;
      if (input.error.code === "self-edge") return { phase: "stopped", cause: input.error };
      const { error: cause, isHasty, isAgain } = input;
      if (isAgain && state.phase === "dialling") return { ...state, sinceMs: nowMs, isAgain };
      const attempt = nextAttempt(state, cause, nowMs);
      const isElsewhere = input.on === "failed" && cause.code === "draining" && choices > 1;
      // Nothing has failed. Should the next be closing as well, there is no hurry.
      if (isElsewhere && state.phase === "dialling" && state.cause?.code !== "draining")
        return { phase: "dialling", attempt: state.attempt, sinceMs: nowMs, cause };
      const hasStood = state.phase === "served" && nowMs - state.sinceMs >= TIMINGS.redialAnewMs;
      if (isHasty && hasStood && attempt === 0) return { phase: "dialling", attempt, sinceMs: nowMs, cause };
      const delayMs =
        isRefusal(cause) && attempt + 1 >= choices
          ? (0.5 + luck / 2) * TIMINGS.refusedRedialMs
          : redialDelayMs(attempt, luck);
      return { phase: "waiting", attempt, retryAtMs: nowMs + delayMs, cause };
    }
  }
}

/** What a seed needs of the table of edges. */
export interface SeedHost {
  now(): number;
  luck(): number;
  setTimer(delayMs: number, run: () => void): Disposable;
  /** Dial once, and give up a dial before. Rejects when no link comes up; what becomes of the link arrives as an input. */
  dial(): Promise<void>;
  onSeedChange(seed: Seed): void;
}

export class Seed {
  readonly addresses: readonly string[];
  readonly #host: SeedHost;
  #dials = 0;
  #state: SeedState;
  #timer: Disposable | undefined;

  /** @param addresses One or more; tried in turn, one edge for all. */
  constructor(addresses: readonly string[], host: SeedHost) {
    this.addresses = addresses;
    this.#host = host;
    this.#state = { phase: "dialling", attempt: 0, sinceMs: host.now(), cause: undefined };
  }

  /** The one dialled last. */
  get address(): string {
    return this.addresses[Math.max(0, this.#dials - 1) % this.addresses.length]!;
  }

  /** How often an address of it was dialled. */
  get dials(): number {
    return this.#dials;
  }

  get state(): SeedState {
    return this.#state;
  }

  start(): void {
    this.#enter();
  }

  input(input: SeedInput): void {
    const before = this.#state;
    this.#state = step(before, input, this.#host.now(), this.#host.luck(), this.addresses.length);
    if (this.#state === before) {
      // Timers may fire a fraction of a millisecond before their time.
      if (input.on === "tick") this.#wait();
      return;
    }
    this.#timer?.[dispose]();
    this.#timer = undefined;
    this.#enter();
    this.#host.onSeedChange(this);
  }

  #enter(): void {
    const state = this.#state;
    if (state.phase === "dialling") {
      if (!state.isAgain) this.#dials++;
      this.#host.dial().catch((error: unknown) => {
        if (this.#state === state) this.input({ on: "failed", error: asMeshError(error, "dial-failed") });
      });
    } else this.#wait();
  }

  #wait(): void {
    const state = this.#state;
    if (state.phase !== "waiting") return;
    this.#timer = this.#host.setTimer(Math.max(0, state.retryAtMs - this.#host.now()), () =>
      this.input({ on: "tick" }),
    );
  }
}
