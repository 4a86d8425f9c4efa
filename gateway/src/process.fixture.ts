/** A gateway as its own process: what `chaski-gateway` is, from source. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";

/** Options of Node to run TypeScript with the workspace's sources. */
export const FROM_SOURCE = [
  "--conditions=@chaski/source",
  ...["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href],
];
const program = fileURLToPath(new URL("cli.ts", import.meta.url));

/** One JSON log line. */
export type Line = Readonly<Record<string, unknown>> & { readonly event: string };

export class GatewayProcess {
  readonly lines: string[] = [];
  errors = "";
  /** Resolves with the exit code, or the signal that ended it, when all it wrote is here. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();

  constructor(...args: string[]) {
    this.#child = spawn(process.execPath, [...FROM_SOURCE, program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.ended = once(this.#child, "close").then(([code, signal]) => code ?? signal);
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.lines.push(line);
      for (const wake of this.#waiting) wake();
    });
    this.#child.stderr!.setEncoding("utf8").on("data", (text) => (this.errors += text));
    onTestFinished(() => this.kill("SIGKILL").then(() => {}));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.#child.kill(signal);
    return this.ended;
  }

  /** The first log line with `event`, of a process started with `--json`. */
  logged(event: string): Promise<Line> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const line = this.lines.map((text) => JSON.parse(text) as Line).find((one) => one.event === event);
        if (!line) return;
        this.#waiting.delete(look);
        resolve(line);
      };
      this.#waiting.add(look);
      look();
      void this.ended.then((how) => reject(new Error(`it ended (${how}) without "${event}": ${this.errors}`)));
    });
  }
}
