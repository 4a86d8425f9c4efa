/** Builds the demo's page as it is now, beside the build that `npm start` serves. */
import { join } from "node:path";
import { root, run } from "../scripts/run.mjs";

export const BUILT_PAGE = join(root, ".artifacts", "e2e-page");

export default function buildPage(): Promise<void> {
  return run(["vite", "build", "--logLevel=warn", "--emptyOutDir", "--outDir", BUILT_PAGE], {
    cwd: join(root, "demo"),
  });
}
