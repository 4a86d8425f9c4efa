/** The node of `bad-input-target.fixture.ts` alone in its process, so that what is measured is its own. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";
import type { Footprint, Introduction } from "./bad-input-target.fixture.ts";

export const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export class AttackedProcess {
  readonly introduction: Promise<Introduction>;
  readonly #child: ChildProcess;

  constructor() {
    const file = fileURLToPath(new URL("bad-input-target.fixture.ts", import.meta.url));
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
    // Under load V8 lets its nursery grow by tens of megabytes; held small, what is resident tells what is kept.
    const v8 = ["--expose-gc", "--max-semi-space-size=1"];
    this.#child = fork(file, [], { execArgv: [...v8, "--conditions=@chaski/source", "--import", tsx] });
    this.introduction = this.#next<Introduction>();
    onTestFinished(async () => {
      this.#child.kill("SIGKILL");
      if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "exit");
    });
  }

  footprint(): Promise<Footprint> {
    const answer = this.#next<Footprint>();
    this.#child.send("footprint");
    return answer;
  }

  async #next<T>(): Promise<T> {
    return (await once(this.#child, "message"))[0];
  }
}
