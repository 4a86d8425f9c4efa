// Where Chromium is. Finds one, never installs one: that is browser.mjs.
import { existsSync } from "node:fs";
import { chromium } from "playwright";

const SYSTEM = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

export function chromiumCandidates() {
  const given = process.env.CHASKI_CHROMIUM;
  return given ? [given] : [chromium.executablePath(), ...SYSTEM].filter((path) => existsSync(path));
}

export function chromiumLaunch() {
  const [executablePath] = chromiumCandidates();
  return executablePath ? { executablePath } : {}; // {}: Playwright says what is missing when it launches
}
