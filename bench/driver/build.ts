/** Bundles what the processes and the page run: no transpiler runs beside what is measured, and no build can be stale. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, defaultClientConditions, defaultServerConditions, type InlineConfig } from "vite";

const source = "@chaski/source";
const entry = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** @returns The program of all processes, within `folder`, which must lie below this package to find `ws`. */
export async function buildProgram(folder: string): Promise<string> {
  await bundle(folder, {
    ssr: { noExternal: true, external: ["ws"], resolve: { conditions: [source, ...defaultServerConditions] } },
    build: {
      ssr: true,
      target: "node20",
      rollupOptions: { input: entry("../ends/process.ts"), output: { entryFileNames: "process.mjs" } },
    },
  });
  return join(folder, "process.mjs");
}

/** @returns The script of all pages, within `folder`. */
export async function buildPage(folder: string): Promise<string> {
  await bundle(folder, {
    resolve: { conditions: [source, ...defaultClientConditions] },
    build: {
      modulePreload: false,
      rollupOptions: { input: entry("../page/page.ts"), output: { entryFileNames: "page.js", format: "iife" } },
    },
  });
  return join(folder, "page.js");
}

async function bundle(outDir: string, config: InlineConfig): Promise<void> {
  await build({
    ...config,
    configFile: false,
    root: entry(".."),
    logLevel: "warn",
    build: { ...config.build, outDir, emptyOutDir: false, minify: false },
  });
}
