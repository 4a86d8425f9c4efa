// Make sure there is a Chromium that starts, installing one if there is none.
// `node scripts/browser.mjs` prints its path; needs `npm install`'s packages, nothing else.
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { run } from "./run.mjs";

const DOWNLOAD_LIMIT_MS = 240_000;
const APT_LIMIT_MS = 300_000;

/** @returns {Promise<string>} The path of a Chromium that starts. */
export async function ensureChromium() {
  const found = await firstThatStarts();
  if (found) return found;
  const given = process.env.CHASKI_CHROMIUM;
  if (given) throw new Error(`CHASKI_CHROMIUM is ${given}, which does not start`);

  for (const [name, install] of [
    ["Playwright's Chromium", downloadPlaywrights],
    ["the distribution's chromium package", isRootOnDebian() && installDebians],
  ]) {
    if (!install) continue;
    console.log(`no Chromium that starts: installing ${name}`);
    try {
      await install();
      const installed = await firstThatStarts();
      if (installed) return installed;
      console.log(`${name} was installed, but does not start`);
    } catch (error) {
      const reason = error.output?.match(/^(?:Error|E): .*/m)?.[0] ?? error.message;
      console.log(`${name} could not be installed: ${reason}`);
    }
  }
  throw new Error(`no Chromium could be installed. Run this line, then try again:\n\n    ${lineToRun()}\n`);
}

async function firstThatStarts() {
  const { chromium } = await import("playwright");
  const { chromiumCandidates } = await import("./chromium.mjs");
  for (const executablePath of chromiumCandidates()) {
    try {
      const browser = await chromium.launch({ executablePath, timeout: 60_000 });
      await browser.close();
      return executablePath;
    } catch (error) {
      console.log(`${executablePath} does not start: ${error.message.split("\n")[0]}`);
    }
  }
  return undefined;
}

function downloadPlaywrights() {
  return run(["playwright", "install", "--no-shell", "chromium"], {
    limitMs: DOWNLOAD_LIMIT_MS,
    env: { PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: "10000" },
    quiet: true,
  });
}

async function installDebians() {
  const options = { limitMs: APT_LIMIT_MS, env: { DEBIAN_FRONTEND: "noninteractive" }, quiet: true };
  const apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120"];
  await run([...apt, "update"], options);
  await run([...apt, "install", "-y", "--no-install-recommends", "chromium"], options);
}

const isDebian = () => existsSync("/etc/debian_version") && existsSync("/usr/bin/apt-get");
const isRootOnDebian = () => isDebian() && process.getuid?.() === 0;
const lineToRun = () =>
  isDebian() && !isRootOnDebian()
    ? "sudo apt-get update && sudo apt-get install -y --no-install-recommends chromium"
    : "node_modules/.bin/playwright install --with-deps chromium";

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  ensureChromium().then(console.log, (error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
