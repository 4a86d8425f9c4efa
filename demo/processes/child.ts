/** One process of the demo, as the launcher sees it. */
import { type ChildProcess, fork } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import { READY } from "./lifetime.ts";

/** How long a child may take to close its edges and sockets before it is killed. */
const STOP_WITHIN_MS = 5_000;
const COLOURS = ["cyan", "magenta", "yellow"] as const;
let started = 0;

export class Child {
  readonly name: string;
  /** Resolves with the address the child answers at; rejects if it ends before that. */
  readonly ready: Promise<string>;
  /** Resolves when the child has ended, with how: "exit code 1", "SIGKILL". */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;

  /** @param file The program, relative to this file; it runs with the loader and conditions of this process. */
  constructor(name: string, file: string, args: readonly string[]) {
    this.name = name;
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.ended = new Promise((resolve) => {
      this.#process.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    this.ready = new Promise((resolve, reject) => {
      this.#passThrough((line) => line.startsWith(READY) && resolve(line.slice(READY.length)));
      void this.ended.then((how) => reject(new Error(`${name} ended before it was ready: ${how}`)));
    });
    this.ready.catch(() => {}); // whoever awaits it hears of it; nobody has to
  }

  /** Ask it to end, and make sure that it does. */
  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), STOP_WITHIN_MS);
    await this.ended;
    clearTimeout(timer);
  }

  #passThrough(onLine: (line: string) => void): void {
    const prefix = paint(COLOURS[started++ % COLOURS.length] ?? "cyan", this.name.padEnd(8));
    for (const stream of ["stdout", "stderr"] as const) {
      const input = this.#process[stream];
      if (!input) continue;
      createInterface({ input }).on("line", (line) => {
        process[stream].write(`${prefix} ${line}\n`);
        onLine(line);
      });
    }
  }
}

function paint(colour: (typeof COLOURS)[number], text: string): string {
  return process.stdout.isTTY ? styleText(colour, text) : text;
}
