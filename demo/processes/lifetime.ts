/**
 * How a process of the demo tells that it is ready, and learns that it should end.
 * The launcher and the end-to-end tests read the line; nothing else passes between them.
 */

/** Starts the one line on standard output that says at which address a process answers. */
export const READY = "ready at ";

export function announceReady(address: string): void {
  console.log(`${READY}${address}`);
}

/** Wait for what this process cannot do without; should it fail, say why and end. */
export async function orExit<Result>(needed: Promise<Result>): Promise<Result> {
  try {
    return await needed;
  } catch (error) {
    logError(error);
    return process.exit(1);
  }
}

/** For what nobody waits for: a lost edge, a refused link. The node goes on. */
export function logError(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
}

/** Resolves when this process is asked to end: by a signal, or because the launcher that forked it is gone. */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ["SIGINT", "SIGTERM", "disconnect"] as const) process.once(event, () => resolve());
    // Listening to the launcher must not keep a process from ending.
    process.channel?.unref();
  });
}
