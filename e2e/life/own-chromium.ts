/**
 * A Chromium of our own, driven over CDP: pages in one that Playwright has launched never freeze, are never hidden, and
 * know no back/forward cache.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Browser, type BrowserContext, chromium } from "@playwright/test";
import { chromiumCandidates } from "../../scripts/chromium.mjs";

const LISTENING = /^DevTools listening on (ws:\S+)$/;

export class OwnChromium {
  readonly context: BrowserContext;
  readonly #browser: Browser;
  readonly #process: ChildProcess;
  readonly #profile: string;
  /** Those that were stopped. */
  #stopped: readonly number[] = [];

  static async launch(): Promise<OwnChromium> {
    const profile = mkdtempSync(join(tmpdir(), "chaski-chromium-"));
    const args = ["--headless=new", "--no-sandbox", "--no-first-run", "--remote-debugging-port=0"];
    const child = spawn(chromiumCandidates()[0]!, [...args, `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const killWithUs = (): void => void child.kill("SIGKILL");
    process.once("exit", killWithUs);
    child.once("exit", () => process.off("exit", killWithUs));
    const address = await new Promise<string>((resolve, reject) => {
      let output = "";
      child.once("exit", () => reject(new Error(`Chromium ended before it was ready:\n${output}`)));
      createInterface({ input: child.stderr! }).on("line", (line) => {
        output += `${line}\n`;
        const found = LISTENING.exec(line);
        if (found) resolve(found[1]!);
      });
    });
    const browser = await chromium.connectOverCDP(address, { noDefaults: true });
    return new OwnChromium(child, profile, browser);
  }

  private constructor(child: ChildProcess, profile: string, browser: Browser) {
    this.#process = child;
    this.#profile = profile;
    this.#browser = browser;
    this.context = browser.contexts()[0]!;
  }

  /** The processes of its pages, each with the time it has worked, in s. */
  async renderers(): Promise<ReadonlyMap<number, number>> {
    const cdp = await this.#browser.newBrowserCDPSession();
    const { processInfo } = await cdp.send("SystemInfo.getProcessInfo");
    await cdp.detach();
    return new Map(processInfo.filter(({ type }) => type === "renderer").map(({ id, cpuTime }) => [id, cpuTime]));
  }

  /** Stop all its pages as a laptop that falls asleep does, without a word to them. */
  async stopPages(): Promise<void> {
    this.#stopped = [...(await this.renderers()).keys()];
    for (const pid of this.#stopped) process.kill(pid, "SIGSTOP");
  }

  continuePages(): void {
    for (const pid of this.#stopped) process.kill(pid, "SIGCONT");
    this.#stopped = [];
  }

  async close(): Promise<void> {
    this.continuePages();
    const ended = once(this.#process, "exit");
    const cdp = await this.#browser.newBrowserCDPSession();
    await cdp.send("Browser.close").catch(() => this.#process.kill("SIGKILL"));
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
