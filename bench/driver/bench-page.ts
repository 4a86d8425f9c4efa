/** A page of Chromium that plays the last part of a contender (`page/page.ts`), as the driver sees it. */
import type { Browser, Page } from "playwright";
import type { ContenderName } from "../contenders/names.ts";
import type { PageBench } from "../page/page.ts";

declare const bench: PageBench; // in the page

export class BenchPage implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #script: string;
  readonly #contender: ContenderName;
  #page: Page | undefined;

  /** @param script What `page/page.ts` was built into. */
  constructor(browser: Browser, script: string, contender: ContenderName) {
    this.#browser = browser;
    this.#script = script;
    this.#contender = contender;
  }

  /** @param address A WebSocket on a server that also answers requests: the page comes from there. To be asked first. */
  async open(address: string): Promise<void> {
    const page = await this.#browser.newPage();
    this.#page = page;
    page.on("console", (message) => console.error(`page of ${this.#contender}: ${message.text()}`));
    await page.goto(new URL("/", address.replace(/^ws/, "http")).href);
    await page.addScriptTag({ path: this.#script });
    await page.evaluate(([name, at]) => bench.open(name, at), [this.#contender, address] as const);
  }

  async ask(command: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#page?.evaluate(([name, values]) => bench.ask(name, values), [command, args] as const);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page?.close();
  }
}
