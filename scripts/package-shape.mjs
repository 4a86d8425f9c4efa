// Pack every public package as npm would get it, then look at the tarballs: publint finds nothing, every export can
// be imported without our source condition, and its types stand alone in a strict project.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { libraries } from "./build.mjs";
import { pnpm, root, run } from "./run.mjs";

const out = join(root, ".artifacts", "pack");
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const manifests = new Map(libraries.map((path) => [path, JSON.parse(readFileSync(join(root, path, "package.json")))]));
await pnpm(["-r", ...libraries.map((path) => `--filter=./${path}`), "pack", "--pack-destination", out], {
  quiet: true,
});

const imports = [];
const problems = [];

for (const [path, manifest] of manifests) {
  const tarball = join(out, `${manifest.name.slice(1).replace("/", "-")}-${manifest.version}.tgz`);

  const unpacked = join(out, "node_modules", manifest.name);
  mkdirSync(unpacked, { recursive: true });
  await run(["tar", "-xzf", tarball, "-C", unpacked, "--strip-components=1"]);
  const { messages, pkg } = await publint({ pkgDir: unpacked, pack: false, strict: true });
  problems.push(...messages.map((message) => `${manifest.name}: ${formatMessage(message, pkg, { color: false })}`));

  for (const name of Object.keys(manifest.dependencies ?? {})) {
    if (!name.startsWith("@chaski/")) link(name, join(root, path));
  }
  for (const subpath of Object.keys(manifest.exports)) imports.push(manifest.name + subpath.slice(1));
}

/** Third-party packages, and their types where there are any, come from the workspace as the package's own. */
function link(name, from) {
  for (const each of [name, `@types/${name}`]) {
    const target = join(from, "node_modules", each);
    const at = join(out, "node_modules", each);
    if (!existsSync(target) || existsSync(at)) continue;
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(target, at, "dir");
  }
}

// Who uses a package for Node has Node's types; the others must do without.
link("@types/node", root);
const forNode = (name) => /^@chaski\/(node-transport|gateway)/.test(name);
const consumers = {
  portable: { names: imports.filter((name) => !forNode(name)), lib: ["ES2023", "ESNext.Disposable", "DOM"], types: [] },
  node: { names: imports.filter(forNode), lib: ["ES2023", "ESNext.Disposable"], types: ["node"] },
};
for (const [consumer, { names, lib, types }] of Object.entries(consumers)) {
  const code = names.map((name, i) => `export * as p${i} from "${name}";\n`).join("");
  writeFileSync(join(out, `${consumer}.mts`), code);
  const compilerOptions = { target: "ES2022", module: "NodeNext", lib, types, strict: true, noEmit: true };
  writeFileSync(
    join(out, `tsconfig.${consumer}.json`),
    JSON.stringify({ compilerOptions, files: [`${consumer}.mts`] }),
  );
}
const importAll = imports.map((name) => `await import("${name}");`).join("");
await run(["node", "--input-type=module", "--eval", importAll], { cwd: out });
for (const consumer of Object.keys(consumers)) await run(["tsc", "-p", join(out, `tsconfig.${consumer}.json`)]);

if (problems.length > 0) throw new Error(problems.join("\n"));
console.log(`${imports.length} exports of ${manifests.size} packed packages import, and type check, on their own`);
