import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import type axe from "axe-core";
import { root } from "../scripts/run.mjs";
import { expect, test } from "./test.ts";

const PICTURES = join(root, ".artifacts", "screenshots");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** The bytes of a picture on which nothing is drawn are far fewer. */
const LEAST_PICTURE_BYTES = 30_000;

/** By how many pixels the page is wider than the screen. */
const overflowOf = (dashboard: Page): Promise<number> =>
  dashboard.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

mkdirSync(PICTURES, { recursive: true });

test.describe("320 px", () => {
  test.use({ viewport: { width: 320, height: 640 } });

  test("fits, as a page that is zoomed to 400 % has to", async ({ dashboard }) => {
    await expect(dashboard.getByTestId("metric-network-out")).toHaveAttribute("data-value", /\d/);
    expect(await overflowOf(dashboard)).toBe(0);
  });
});

for (const [width, height] of [
  [390, 844],
  [1_440, 900],
] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`${width} px, ${colorScheme}`, () => {
      test.use({ viewport: { width, height }, colorScheme });

      test("fits the screen, follows the system's colours, and has a picture", async ({ dashboard }) => {
        const path = join(PICTURES, `dashboard-${width}-${colorScheme}.png`);
        await expect(dashboard.getByTestId("metric-processes")).toHaveAttribute("data-value", /\d/);
        const picture = await dashboard.screenshot({ path, fullPage: true });
        expect(picture.readUInt32BE(16)).toBe(width);
        expect(picture.readUInt32BE(20)).toBeGreaterThan(height);
        expect(picture.byteLength).toBeGreaterThan(LEAST_PICTURE_BYTES);
        const brightness = await dashboard.evaluate(() =>
          getComputedStyle(document.documentElement)
            .backgroundColor.match(/[\d.]+/g)!
            .map(Number),
        );
        expect(await overflowOf(dashboard)).toBe(0);
        const mean = brightness.slice(0, 3).reduce((sum, part) => sum + part, 0) / 3;
        if (colorScheme === "dark") expect(mean).toBeLessThan(80);
        else expect(mean).toBeGreaterThan(200);
      });

      test("has nothing serious for an accessibility checker", async ({ dashboard }) => {
        await dashboard.getByTestId("greet").click();
        await expect(dashboard.getByTestId("notice")).toBeVisible();
        await dashboard.locator("[data-testid=inspector-row] button").first().click();
        await dashboard.addScriptTag({ path: AXE });
        const violations = await dashboard.evaluate(async () => {
          const results = await (globalThis as unknown as { axe: typeof axe }).axe.run();
          return results.violations.map(({ id, impact, nodes }) => ({
            id,
            impact,
            where: nodes.map(({ target, failureSummary }) => `${target.join(" ")}: ${failureSummary}`),
          }));
        });
        const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
        expect(grave).toEqual([]);
      });
    });
  }
}
