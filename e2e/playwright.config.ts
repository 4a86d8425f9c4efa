import { defineConfig } from "@playwright/test";
import { chromiumLaunch } from "../scripts/chromium.mjs";

// The workers, and the processes they start, use the packages' sources.
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ""} --conditions=@chaski/source`;

export default defineConfig({
  testDir: ".",
  testMatch: "**/*.spec.ts",
  outputDir: "../.artifacts/e2e",
  globalSetup: "./build-page.ts",
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  // Traces without pictures: the page repaints all the time, and each picture costs.
  use: { launchOptions: chromiumLaunch(), trace: { mode: "retain-on-failure", screenshots: false } },
  projects: [{ name: "chromium" }],
});
