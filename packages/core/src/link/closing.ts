/** What every link's `close()` does with its signal, once. */
import { MeshError } from "../base/errors.ts";
import type { AbortSignalLike } from "../base/platform.ts";

/**
 * Wait until a link has closed. When the signal fires first, give up and reject with its reason.
 * @param closed Resolves once the link is closed, for whatever reason; never rejects.
 * @param abort Ends the link at once; hears the error its sink is told.
 */
export function untilClosed(
  closed: Promise<void>,
  signal: AbortSignalLike | undefined,
  abort: (error: MeshError) => void,
): Promise<void> {
  if (!signal) return closed;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      const cause: unknown = signal.reason;
      abort(new MeshError("closed", "closing was given up before everything had left", { cause }));
      reject(cause);
    };
    if (signal.aborted) {
      giveUp();
      return;
    }
    signal.addEventListener("abort", giveUp, { once: true });
    void closed.then(() => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    });
  });
}
