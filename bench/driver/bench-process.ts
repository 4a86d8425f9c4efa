/** A child process that plays one part of a contender (`ends/process.ts`), as the driver sees it. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { ContenderName } from "../contenders/names.ts";
import type { Part, Reply, Request } from "../ends/messages.ts";

/** A process that was told to end and does not is killed after this. */
const END_WITHIN_MS = 5_000;

export interface ProcessOptions {
  /** The program that `ends/process.ts` was built into. */
  readonly program: string;
  /** A folder for CPU profiles, one of each process. */
  readonly profile: string | undefined;
}

/** Several of one contender may start within a millisecond. */
let started = 0;

export class BenchProcess implements AsyncDisposable {
  readonly #title: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #asked: { resolve(value: unknown): void; reject(error: Error): void } | undefined;

  constructor({ program, profile }: ProcessOptions, contender: ContenderName, part: Part) {
    this.#title = `${contender}, ${part} process`;
    const file = `${contender}-${part}-${Date.now()}-${started++}.cpuprofile`;
    this.#child = fork(program, [contender, part], {
      execArgv: profile === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", profile, "--cpu-prof-name", file],
    });
    this.#child.on("message", (reply: Reply) => this.#onReply(reply));
    this.#exited = once(this.#child, "exit").then(([code, signal]) => {
      this.#onReply({ on: "failure", message: `ended with ${signal ?? `exit code ${code}`}` });
    });
  }

  /** Resolves when its part is open, with the address at which it listens, if it does. To be asked first. */
  open(address?: string): Promise<string> {
    return this.ask("open", address) as Promise<string>;
  }

  /** Processor time it has taken so far. */
  cpuMicros(): Promise<number> {
    return this.ask("cpuMicros") as Promise<number>;
  }

  ask(command: string, ...args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      const request: Request = { command, args };
      this.#child.send(request, (error) => error && reject(error));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_WITHIN_MS);
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
    clearTimeout(timer);
  }

  #onReply(reply: Reply): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (reply.on === "result") asked?.resolve(reply.value);
    else asked?.reject(new Error(`${this.#title}: ${reply.message}`));
  }
}
