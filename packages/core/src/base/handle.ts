import { dispose } from "./platform.ts";

/** What everything that registers something gives back: ends it, once, by `close()` or by `using`. */
export interface Handle extends Disposable {
  /** Idempotent. */
  close(): void;
}

export function handle(close: () => void): Handle {
  return { close, [dispose]: close };
}
