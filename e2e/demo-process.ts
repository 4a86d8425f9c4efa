/** One process of the demo, started from source and killed at the latest with the test's worker. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { READY } from "../demo/processes/lifetime.ts";
import { root } from "../scripts/run.mjs";

const tsx = pathToFileURL(createRequire(join(root, "package.json")).resolve("tsx")).href;

export class DemoProcess {
  /** What it wrote so far, for the message of a failure. */
  output = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #address: Promise<string>;

  /** @param file In the demo's `processes`. */
  constructor(file: string, args: readonly string[]) {
    const program = join(root, "demo", "processes", file);
    this.#child = spawn(process.execPath, ["--conditions=@chaski/source", "--import", tsx, program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#ended = once(this.#child, "close");
    const killWithUs = (): void => void this.#child.kill("SIGKILL");
    process.once("exit", killWithUs);
    this.#address = new Promise((resolve, reject) => {
      for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
        createInterface({ input: stream }).on("line", (line) => {
          this.output += `${line}\n`;
          if (line.startsWith(READY)) resolve(line.slice(READY.length));
        });
      }
      void this.#ended.then(() => {
        process.off("exit", killWithUs);
        reject(new Error(`${file} ended before it was ready:\n${this.output}`));
      });
    });
  }

  /** Where it answers, once it does. */
  get address(): Promise<string> {
    return this.#address;
  }

  /** Resolves when it has ended. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.#child.kill(signal);
    await this.#ended;
  }
}
