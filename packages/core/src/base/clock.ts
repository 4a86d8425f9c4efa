/** Time as an argument: the only way core ever learns it. */
export interface Clock {
  /** Monotonic milliseconds, with fractions, from an arbitrary start. */
  now(): number;
  /** Wall clock, milliseconds since 1970-01-01 UTC. May jump. */
  wallNow(): number;
  /** Call `run` once, `delayMs` from now (at least 0). Disposing the timer disarms it; both are idempotent. */
  setTimer(delayMs: number, run: () => void): Disposable;
  /**
   * Call `run` once, after the work now in hand and before later input or output: where batches end.
   * On Node `setImmediate`, in a page a message channel, in the simulation an event at the same instant.
   */
  soon(run: () => void): void;
}

/** Where randomness comes from: the platform's cryptographic source, or a seed in the simulation. */
export interface Random {
  /** Fresh unpredictable bytes, owned by the caller. */
  bytes(count: number): Uint8Array;
  /** Uniform in [0, 1). For jitter and sampling only. */
  float(): number;
}

/** Structured log lines: a short stable event name, and fields. Silent unless the user gives one. */
export interface Logger {
  log(level: "debug" | "info" | "warn" | "error", event: string, fields: Readonly<Record<string, unknown>>): void;
}

export const silentLogger: Logger = { log: () => {} };
