// What a page pays for `import { createNode } from "@chaski/browser-transport"`: minified, tree-shaken, gzipped.
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build, defaultClientConditions } from "vite";
import { root } from "./run.mjs";

/** What it is today and a little air. The aim is 20 kB: see the closing part of docs/architecture.md. */
const BUDGET_GZIP_BYTES = 64_200;
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
      enforce: "pre",
      resolveId: (id) => (id === entry ? id : undefined),
      load: (id) =>
        // How parts are loaded later is the bundler's own matter, and this is Vite's way.
        id === "\0vite/preload-helper.js"
          ? "export const __vitePreload = (load) => load();"
          : id === entry
            ? `import { createNode } from ${JSON.stringify(library)}; globalThis.createNode = createNode;`
            : undefined,
    },
  ],
  build: { write: false, modulePreload: false, rollupOptions: { input: entry } },
});

// What every page loads, and what some load later.
const needed = new Set(output.filter((chunk) => chunk.isEntry).map(({ fileName }) => fileName));
for (const name of needed)
  for (const other of output.find((chunk) => chunk.fileName === name).imports) needed.add(other);
const first = output.filter((chunk) => needed.has(chunk.fileName));
const later = output.filter((chunk) => !needed.has(chunk.fileName));
const bytesOf = (chunks) =>
  Buffer.concat(chunks.map((chunk) => Buffer.from(chunk.type === "chunk" ? chunk.code : chunk.source)));
const code = bytesOf(first);
const gzipBytes = gzipSync(code, { level: 9 }).byteLength;
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(
  `createNode in a page: ${kB(gzipBytes)} gzipped (${kB(code.byteLength)} minified, ` +
    `${kB(brotliCompressSync(code).byteLength)} brotli), budget ${kB(BUDGET_GZIP_BYTES)}`,
);

// Where the bytes are: source left after tree-shaking, by room.
const rooms = new Map();
for (const chunk of first) {
  for (const [id, { renderedLength }] of Object.entries(chunk.modules ?? {})) {
    const room = id.match(/packages\/([^/]+\/src\/[^/]+)|node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/);
    const name = (room?.[1] ?? room?.[2] ?? "other").replace("/src/", "/");
    rooms.set(name, (rooms.get(name) ?? 0) + renderedLength);
  }
}
for (const [name, bytes] of [...rooms].sort((a, b) => b[1] - a[1])) {
  if (bytes >= 100) console.log(`  ${kB(bytes).padStart(9)}  ${name} (not minified)`);
}

if (later.length > 0)
  console.log(`only where it is needed: ${kB(gzipSync(bytesOf(later), { level: 9 }).byteLength)} gzipped`);

if (code.byteLength < 500) throw new Error("the bundle is empty: does @chaski/browser-transport export createNode?");
if (gzipBytes > BUDGET_GZIP_BYTES) throw new Error(`over the budget by ${kB(gzipBytes - BUDGET_GZIP_BYTES)}`);
