/** Starts what a contender needs: one process, several, or processes and a page; and connects its ends. */
import { type Browser, chromium } from "playwright";
import { chromiumLaunch } from "../../scripts/chromium.mjs";
import { CONTENDERS, isWork } from "../contenders/names.ts";
import type { Part } from "../ends/messages.ts";
import type { Reader } from "../ends/reader.ts";
import type { Worker } from "../ends/worker.ts";
import type { Writer } from "../ends/writer.ts";
import type { Case } from "../plan.ts";
import { BenchPage } from "./bench-page.ts";
import { BenchProcess, type ProcessOptions } from "./bench-process.ts";
import type { Party, Session } from "./party.ts";

export interface SessionsOptions extends ProcessOptions {
  /** The script that `page/page.ts` was built into. */
  readonly page: string;
}

export class Sessions implements AsyncDisposable {
  readonly #options: SessionsOptions;
  #browser: Browser | undefined;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Known once a page was open. */
  get chromiumVersion(): string | undefined {
    return this.#browser?.version();
  }

  async open({ suite, contender }: Case): Promise<Session> {
    const processes: BenchProcess[] = [];
    const pages: BenchPage[] = [];
    const start = (part: Part): BenchProcess => {
      const process = new BenchProcess(this.#options, contender, part);
      processes.push(process);
      return process;
    };
    const openPage = async (): Promise<BenchPage> => {
      this.#browser ??= await chromium.launch(chromiumLaunch());
      const page = new BenchPage(this.#browser, this.#options.page, contender);
      pages.push(page);
      return page;
    };
    const end = async (): Promise<void> => {
      await Promise.all([...processes, ...pages].map((part) => part[Symbol.asyncDispose]()));
    };
    try {
      // All start at once; one after the other they learn where to dial.
      const first = start("first");
      const relays = Array.from({ length: CONTENDERS[contender].relays }, () => start("relay"));
      const last = isWork(contender) ? first : suite === "page" ? await openPage() : start("last");
      let address = await first.open();
      for (const relay of relays) address = await relay.open(address);
      if (last !== first) {
        await last.open(address);
        await first.ask("connected");
      }
      return {
        worker: first as Party<Worker>,
        writer: first as Party<Writer>,
        reader: last as Party<Reader>,
        cpuMicros: async () => sum(await Promise.all(processes.map((process) => process.cpuMicros()))),
        [Symbol.asyncDispose]: end,
      };
    } catch (error) {
      await end();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser?.close();
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
