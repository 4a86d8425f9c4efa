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

writeFileSync(join(out, "consumer.mts"), imports.map((name, i) => `export * as p${i} from "${name}";\n`).join(""));
writeFileSync(
  join(out, "tsconfig.json"),
  JSON.stringify({
    compilerOptions: {
      target: "ES2022",
      module: "NodeNext",
      lib: ["ES2023", "ESNext.Disposable", "DOM"],
      types: [],
      strict: true,
      noEmit: true,
    },
    files: ["consumer.mts"],
  }),
);
const importAll = imports.map((name) => `await import("${name}");`).join("");
await run(["node", "--input-type=module", "--eval", importAll], { cwd: out });
await run(["tsc", "-p", out]);

if (problems.length > 0) throw new Error(problems.join("\n"));
console.log(`${imports.length} exports of ${manifests.size} packed packages import, and type check, on their own`);
