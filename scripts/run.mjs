// Run a command and wait for it. A command that outlives its limit is killed with all it started.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const binaries = join(root, "node_modules", ".bin");
const running = new Set();

/**
 * @param {string[]} command Found in node_modules/.bin first, then on the PATH.
 * @param {{ cwd?: string, env?: Record<string, string>, limitMs?: number, quiet?: boolean }} [options]
 *   `quiet` keeps the output back; when the command fails it is the error's `output`.
 * @returns {Promise<void>} Rejects with the reason when the command does not exit with 0.
 */
export function run([file, ...args], { cwd = root, env = {}, limitMs, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, PATH: [binaries, process.env.PATH].join(delimiter), ...env },
      stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
      detached: true, // its own process group, so that it can be ended with its children
    });
    started(child);
    const output = [];
    child.stdout?.on("data", (chunk) => output.push(chunk));
    child.stderr?.on("data", (chunk) => output.push(chunk));

    let late = false;
    const timer =
      limitMs &&
      setTimeout(() => {
        late = true;
        killGroup(child);
      }, limitMs);
    const end = (problem) => {
      clearTimeout(timer);
      ended(child);
      if (!problem) return resolve();
      reject(Object.assign(new Error(problem), { output: Buffer.concat(output).toString() }));
    };
    child.on("error", (error) => end(error.message));
    child.on("close", (code, signal) => {
      if (late) end(`${file} took longer than ${Math.round(limitMs / 1000)} s`);
      else end(code === 0 ? "" : `${file} ended with ${signal ?? code}`);
    });
  });
}

/** The pinned pnpm, through npm: nothing has to be installed beforehand. */
export function pnpm(args, options) {
  return run(["npx", "--yes", "pnpm@10.34.8", ...args], options);
}

function killGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // already gone
  }
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

function onSignal(signal) {
  for (const child of running) killGroup(child);
  process.exit(128 + constants.signals[signal]);
}

function started(child) {
  if (running.size === 0) for (const signal of signals) process.on(signal, onSignal);
  running.add(child);
}

function ended(child) {
  running.delete(child);
  if (running.size === 0) for (const signal of signals) process.off(signal, onSignal);
}
