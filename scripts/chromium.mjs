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

export function chromiumLaunch() {
  const given = process.env.CHASKI_CHROMIUM;
  if (given) return { executablePath: given };
  if (existsSync(chromium.executablePath())) return {};
  const system = SYSTEM.find((path) => existsSync(path));
  return system ? { executablePath: system } : {};
}
