/** The Chromium that tests, the demo's screenshot and the benchmark drive. Resolved once by `npm test`. */
import type { LaunchOptions } from "playwright";
export function chromiumLaunch(): LaunchOptions;
