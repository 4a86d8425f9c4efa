// `npm start`: on a machine with only Node and npm, install, build and run the demo.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { join } from "node:path";
import { build, install } from "./build.mjs";
import { root } from "./run.mjs";

const parent = process.ppid;
try {
  console.log("installing");
  await install({ quiet: true });
  if (!process.argv.includes("--help")) {
    console.log("building");
    await build();
  }
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
// Ctrl-C reaches the demo too, a supervisor's signal only us. npm's shell passes nothing on: it dies, so watch for that.
let stopping = false;
function stop() {
  if (!stopping) child.kill("SIGTERM");
  stopping = true;
}
process.on("SIGINT", () => setTimeout(stop, 1000));
process.on("SIGTERM", stop);
if (process.env.npm_lifecycle_event) setInterval(() => process.ppid !== parent && stop(), 500).unref();
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
