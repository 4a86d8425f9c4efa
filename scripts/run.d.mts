export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Killed with all it started after this many milliseconds. */
  limitMs?: number;
  /** Keep the output back; when the command fails it is the error's `output`. */
  quiet?: boolean;
}

/** The repository. */
export const root: string;

/** Found in node_modules/.bin first, then on the PATH. Rejects when it does not exit with 0. */
export function run(command: readonly string[], options?: RunOptions): Promise<void>;
