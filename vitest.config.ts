import { availableParallelism } from "node:os";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromiumLaunch } from "./scripts/chromium.mjs";

const source = ["@chaski/source", "module", "import", "development|production"];

export default defineConfig({
  // Packages resolve to their sources: no build is needed to run the tests.
  resolve: { conditions: [...source, "browser"] },
  ssr: { resolve: { conditions: [...source, "node"] } },
  // Where Vitest 4 runs the files of globalSetup.
  environments: { __vitest__: { resolve: { conditions: [...source, "node"] } } },
  test: {
    // Vitest leaves a core to itself; of two, that would leave one to the tests.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // They tell a test that hangs from one that runs while all cores are busy with others.
    testTimeout: 30_000,
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          environment: "node",
          // What a test makes dies young: a nursery of 64 MiB, instead of 16, spares the simulation an eighth of its time.
          execArgv: ["--max-semi-space-size=64"],
          include: ["{packages/*,gateway}/src/**/*.test.ts", "{demo,bench,scripts}/**/*.test.ts"],
          exclude: ["**/*.browser.test.ts", "**/node_modules/**", "**/dist/**"],
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["packages/*/src/**/*.browser.test.ts"],
          globalSetup: ["gateway/src/relay.fixture.ts", "gateway/src/lab.fixture.ts"],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: chromiumLaunch() }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
