import { defineConfig } from "@playwright/test";
import { chromiumLaunch } from "../scripts/chromium.mjs";

export default defineConfig({
  testDir: ".",
  testMatch: "**/*.spec.ts",
  outputDir: "../.artifacts/e2e",
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  reporter: [["list"]],
  use: { launchOptions: chromiumLaunch(), trace: "retain-on-failure" },
  projects: [{ name: "chromium" }],
});
