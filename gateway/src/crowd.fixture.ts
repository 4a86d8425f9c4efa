/** Many nodes in a process of their own, from outside. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { CrowdOptions, Published, Task } from "./crowd-process.fixture.ts";
import { FROM_SOURCE } from "./process.fixture.ts";

const program = fileURLToPath(new URL("crowd-process.fixture.ts", import.meta.url));

export class Crowd {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (result: never) => void>();
  /** Rejects when the process ends. */
  readonly #ended: Promise<never>;
  #tasks = 0;

  private constructor(options: CrowdOptions) {
    this.#child = fork(program, [JSON.stringify(options)], { execArgv: FROM_SOURCE });
    this.#ended = once(this.#child, "exit").then(([code, signal]) => {
      throw new Error(`a crowd of ${options.role}s ended (${code ?? signal})`);
    });
    this.#ended.catch(() => {});
    this.#child.on("message", ({ number, result }: { readonly number: number; readonly result: never }) => {
      this.#answers.get(number)?.(result);
      this.#answers.delete(number);
    });
    onTestFinished(async () => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
      const exited = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await exited;
    });
  }

  /** Resolves when its nodes are made. They are killed when the test is over. */
  static async start(options: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd(options);
    await crowd.#answer(0);
    return crowd;
  }

  listen(): Promise<void> {
    return this.#ask({ do: "listen" });
  }

  waitForSubscribers(topics: readonly string[], count: number): Promise<void> {
    return this.#ask({ do: "wait for subscribers", topics, count });
  }

  /** Goes on until `stop`. */
  publish(topics: readonly string[], perSecond: number): Promise<void> {
    return this.#ask({ do: "publish", topics, perSecond });
  }

  /** Resolves when so many more have been published. */
  published(more: number): Promise<void> {
    return this.#ask({ do: "wait for published", more });
  }

  stop(): Promise<Published> {
    return this.#ask({ do: "stop" });
  }

  /** Resolves when so many members read on after losing an edge, with the ms from `sinceMs` to that. */
  recovered(members: number, sinceMs: number): Promise<number[]> {
    return this.#ask({ do: "wait for recovery", members, sinceMs });
  }

  /** Resolves when all of it has come, or something went wrong: with what did. */
  hear(published: Published): Promise<string[]> {
    return this.#ask({ do: "hear", published });
  }

  missing(published: Published): Promise<string[]> {
    return this.#ask({ do: "list missing", published });
  }

  dials(): Promise<number[]> {
    return this.#ask({ do: "list dials" });
  }

  /** Resolves when so many members have lost an edge. */
  lost(members: number): Promise<void> {
    return this.#ask({ do: "wait for losses", members });
  }

  /** How many members hang on `address`. */
  countAt(address: string): Promise<number> {
    return this.#ask({ do: "count at", address });
  }

  /** How often each member lost an edge. */
  losses(): Promise<number[]> {
    return this.#ask({ do: "count losses" });
  }

  /** How often a member was left without any edge. */
  stranded(): Promise<number> {
    return this.#ask({ do: "count stranded" });
  }

  #ask<T>(task: Task): Promise<T> {
    const number = ++this.#tasks;
    const answer = this.#answer<T>(number);
    if (this.#child.connected) this.#child.send({ number, task });
    return answer;
  }

  #answer<T>(number: number): Promise<T> {
    const answer = new Promise<T>((resolve) => this.#answers.set(number, resolve));
    return Promise.race([answer, this.#ended]);
  }
}
