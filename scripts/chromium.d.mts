import type { LaunchOptions } from "playwright";

/** Paths worth trying, best first: CHASKI_CHROMIUM alone when set, else Playwright's own, then the system's. */
export function chromiumCandidates(): string[];

/** Launch options for Playwright and Vitest: the Chromium that `npm test` and `npm run browser` make sure of. */
export function chromiumLaunch(): LaunchOptions;
