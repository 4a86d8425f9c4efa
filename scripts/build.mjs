// Install the workspace's packages and build what others run: the packages' dist, the demo's page.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pnpm, root, run } from "./run.mjs";

export const libraries = [...readdirSync(join(root, "packages")).map((name) => `packages/${name}`), "gateway"].filter(
  (path) => existsSync(join(root, path, "package.json")),
);

export const install = (options) => pnpm(["install", "--frozen-lockfile", "--reporter=append-only"], options);

export async function build(options) {
  await run(["tsc", "-b", ...libraries], options);
  await run(["vite", "build", "--logLevel=warn"], { ...options, cwd: join(root, "demo") });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await build();
