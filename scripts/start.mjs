// `npm start`: on a machine with only Node and npm, install, build and run the demo.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { join } from "node:path";
import { build, install } from "./build.mjs";
import { root } from "./run.mjs";

try {
  console.log("installing");
  await install({ quiet: true });
  console.log("building");
  await build();
} catch (error) {
  console.error(`${error.output ?? ""}${error.message}`);
  process.exit(1);
}

const demo = join(root, "demo");
const tsx = createRequire(join(demo, "package.json")).resolve("tsx/cli");
const child = spawn(process.execPath, [tsx, "--conditions=@chaski/source", "start.ts", ...process.argv.slice(2)], {
  cwd: demo,
  stdio: "inherit",
});
// The terminal sends Ctrl-C to the whole group; a supervisor sends SIGTERM to us alone.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
