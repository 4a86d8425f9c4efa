// What a page pays for `import { createNode } from "@chaski/browser-transport"`: minified, tree-shaken, gzipped.
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build, defaultClientConditions } from "vite";
import { root } from "./run.mjs";

/** What it is today and a little air. The aim is 20 kB: see the closing part of docs/architecture.md. */
const BUDGET_GZIP_BYTES = 60_500;
const entry = "virtual:page";
const library = join(root, "packages", "browser-transport", "src", "index.ts");

const { output } = await build({
  root,
  configFile: false,
  logLevel: "warn",
  resolve: { conditions: ["@chaski/source", ...defaultClientConditions] },
  plugins: [
    {
      name: "page",
      resolveId: (id) => (id === entry ? id : undefined),
      load: (id) =>
        id === entry
          ? `import { createNode } from ${JSON.stringify(library)}; globalThis.createNode = createNode;`
          : undefined,
    },
  ],
  build: { write: false, modulePreload: false, rollupOptions: { input: entry } },
});

const code = Buffer.concat(output.map((chunk) => Buffer.from(chunk.type === "chunk" ? chunk.code : chunk.source)));
const gzipBytes = gzipSync(code, { level: 9 }).byteLength;
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(
  `createNode in a page: ${kB(gzipBytes)} gzipped (${kB(code.byteLength)} minified, ` +
    `${kB(brotliCompressSync(code).byteLength)} brotli), budget ${kB(BUDGET_GZIP_BYTES)}`,
);

// Where the bytes are: source left after tree-shaking, by room.
const rooms = new Map();
for (const chunk of output) {
  for (const [id, { renderedLength }] of Object.entries(chunk.modules ?? {})) {
    const room = id.match(/packages\/([^/]+\/src\/[^/]+)|node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/);
    const name = (room?.[1] ?? room?.[2] ?? "other").replace("/src/", "/");
    rooms.set(name, (rooms.get(name) ?? 0) + renderedLength);
  }
}
for (const [name, bytes] of [...rooms].sort((a, b) => b[1] - a[1])) {
  if (bytes >= 100) console.log(`  ${kB(bytes).padStart(9)}  ${name} (not minified)`);
}

if (code.byteLength < 500) throw new Error("the bundle is empty: does @chaski/browser-transport export createNode?");
if (gzipBytes > BUDGET_GZIP_BYTES) throw new Error(`over the budget by ${kB(gzipBytes - BUDGET_GZIP_BYTES)}`);
