/** Nodes in processes of their own, for tests that kill them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";
import type { Account, MemberOptions, Task } from "./member.fixture.ts";

export class Member {
  readonly id: string;
  readonly address: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, { id, address }: { readonly id: string; readonly address: string }) {
    this.#child = child;
    this.id = id;
    this.address = address;
  }

  /** Resolves when it listens. It is killed when the test is over. */
  static async start(name: string, join: readonly Member[], listen = "tcp://127.0.0.1:0"): Promise<Member> {
    const options: MemberOptions = { name, listen, join: join.map(({ address }) => address) };
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
    const file = fileURLToPath(new URL("./member.fixture.ts", import.meta.url));
    const child = fork(file, [JSON.stringify(options)], { execArgv: ["--conditions=@chaski/source", "--import", tsx] });
    onTestFinished(() => kill(child));
    return new Member(child, await answerOf(child));
  }

  publish(count: number): Promise<number> {
    return this.#ask({ do: "publish", count });
  }

  /** Resolves when its subscription is ready. */
  listen(): Promise<void> {
    return this.#ask({ do: "listen" });
  }

  waitForSubscribers(count: number): Promise<void> {
    return this.#ask({ do: "wait for subscribers", count });
  }

  hear(origin: Member, count: number): Promise<void> {
    return this.#ask({ do: "hear", origin: origin.id, count });
  }

  /** Resolves when it has no edge. */
  isAlone(): Promise<void> {
    return this.#ask({ do: "be alone" });
  }

  accounts(): Promise<Record<string, Account>> {
    return this.#ask({ do: "accounts" });
  }

  bytesTo(name: string): Promise<number> {
    return this.#ask({ do: "bytes to", name });
  }

  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void> {
    return kill(this.#child);
  }

  #ask<T>(task: Task): Promise<T> {
    const answer = answerOf<T>(this.#child);
    this.#child.send(task);
    return answer;
  }
}

/** The next message; rejects when the process ends instead. */
async function answerOf<T>(child: ChildProcess): Promise<T> {
  const done = new AbortController();
  const ended = once(child, "exit", { signal: done.signal }).then(() => {
    throw new Error("the process ended before it answered");
  });
  try {
    const [answer] = await Promise.race([once(child, "message", { signal: done.signal }), ended]);
    return answer;
  } finally {
    done.abort();
    ended.catch(() => {});
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
