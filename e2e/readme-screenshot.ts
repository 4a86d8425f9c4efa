/** `npm run screenshot`: the README's picture, taken of the real demo after it has run for a minute. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { chromium, expect } from "@playwright/test";
import { chromiumLaunch } from "../scripts/chromium.mjs";
import { root } from "../scripts/run.mjs";
import buildPage from "./build-page.ts";
import { DemoMesh } from "./demo-mesh.ts";

const PICTURE = join(root, "docs", "images", "dashboard.png");
/** As many samples as fill the charts, which show a minute. */
const SAMPLES = 240;
const INTERVAL_MS = 250;

await buildPage();
const mesh = await DemoMesh.start({ intervalMs: INTERVAL_MS });
const browser = await chromium.launch(chromiumLaunch());
try {
  const page = await browser.newPage({ viewport: { width: 1_440, height: 1_205 }, colorScheme: "dark" });
  await page.goto(mesh.url);
  const count = page.locator("[data-testid=inspector-row][data-topic='machine/cpu'] [data-testid=inspector-count]");
  const counted = async (): Promise<number> => Number((await count.textContent())!.replaceAll(",", ""));
  await expect.poll(counted, { timeout: 2 * SAMPLES * INTERVAL_MS }).toBeGreaterThanOrEqual(SAMPLES);
  await expect(page.getByTestId("connection-badge")).toHaveAttribute("data-state", "online");
  mkdirSync(dirname(PICTURE), { recursive: true });
  await page.screenshot({ path: PICTURE });
  console.log(PICTURE);
} finally {
  await browser.close();
  await mesh.stop();
}
