/** A tab with the page of `page.ts`, and what can happen to it. */
import { type CDPSession, expect, type Page } from "@playwright/test";
import type { OwnChromium } from "./own-chromium.ts";
import type { Diary, LifePage } from "./page.ts";

type Window = typeof globalThis & { readonly life: LifePage };

export class LifeTab {
  readonly page: Page;
  readonly #browser: OwnChromium;
  readonly #cdp: CDPSession;

  static async open(browser: OwnChromium, url: string): Promise<LifeTab> {
    const page = await browser.context.newPage();
    await page.goto(url);
    return LifeTab.of(browser, page);
  }

  /** One that was opened by another. */
  static async of(browser: OwnChromium, page: Page): Promise<LifeTab> {
    await page.waitForFunction(() => "life" in globalThis);
    return new LifeTab(browser, page, await browser.context.newCDPSession(page));
  }

  private constructor(browser: OwnChromium, page: Page, cdp: CDPSession) {
    this.#browser = browser;
    this.page = page;
    this.#cdp = cdp;
  }

  diary(): Promise<Diary> {
    return this.page.evaluate(() => (globalThis as Window).life.diary);
  }

  publish(value: string): Promise<void> {
    return this.page.evaluate((given) => (globalThis as Window).life.publish(given), value);
  }

  id(): Promise<string> {
    return this.page.evaluate(() => (globalThis as Window).life.id);
  }

  /** What its edges are carried by. */
  transports(): Promise<string[]> {
    return this.page.evaluate(() => (globalThis as Window).life.transports());
  }

  state(): Promise<string> {
    return this.page.evaluate(() => (globalThis as Window).life.state());
  }

  send(id: string, value: string): Promise<void> {
    return this.page.evaluate((given) => (globalThis as Window).life.send(...given), [id, value] as const);
  }

  sent(): Promise<unknown[]> {
    return this.page.evaluate(() => (globalThis as Window).life.sent);
  }

  /** A call of the other's object. */
  askName(id: string): Promise<string> {
    return this.page.evaluate((given) => (globalThis as Window).life.askName(given), id);
  }

  /** The process it runs in: the one that works when it does. */
  async renderer(): Promise<number> {
    const before = await this.#browser.renderers();
    await this.page.evaluate(() => {
      for (const untilMs = performance.now() + 500; performance.now() < untilMs; );
    });
    const after = await this.#browser.renderers();
    const worked = (pid: number): number => after.get(pid)! - (before.get(pid) ?? 0);
    return [...after.keys()].reduce((most, pid) => (worked(pid) > worked(most) ? pid : most));
  }

  /** Another tab in front of it, in the same window. */
  async hide(): Promise<void> {
    const other = await this.#browser.context.newPage();
    await other.bringToFront();
    await expect.poll(() => this.page.evaluate(() => document.hidden)).toBe(true);
  }

  /** As the browser does it with a tab that was hidden for long. */
  async freeze(): Promise<void> {
    await this.#cdp.send("Page.setWebLifecycleState", { state: "frozen" });
  }

  async thaw(): Promise<void> {
    await this.#cdp.send("Page.setWebLifecycleState", { state: "active" });
  }

  async show(): Promise<void> {
    await this.page.bringToFront();
  }
}
