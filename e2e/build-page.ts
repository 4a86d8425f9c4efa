/** Builds the demo's page as it is now, beside the build that `npm start` serves; and the pages of `life` and `shared`. */
import { join } from "node:path";
import { root, run } from "../scripts/run.mjs";

export const BUILT_PAGE = join(root, ".artifacts", "e2e-page");
export const BUILT_LIFE_PAGE = join(root, ".artifacts", "e2e-life-page");
export const BUILT_SHARED_PAGE = join(root, ".artifacts", "e2e-shared-page");

export default async function buildPages(): Promise<void> {
  const config = join(root, "demo", "vite.config.ts");
  for (const [folder, outDir] of [
    ["demo", BUILT_PAGE],
    ["e2e/life", BUILT_LIFE_PAGE],
    ["e2e/shared", BUILT_SHARED_PAGE],
  ] as const) {
    const options = ["--config", config, "--logLevel=warn", "--emptyOutDir", "--outDir", outDir];
    await run(["vite", "build", ...options], { cwd: join(root, folder) });
  }
}
