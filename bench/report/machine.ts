/** Where and with what a run was made. Nothing in it names the machine or its user. */
import { createRequire } from "node:module";
import { arch, cpus, loadavg, release, totalmem, type } from "node:os";
import { versions as own } from "node:process";

export function machine(): Readonly<Record<string, string | number>> {
  const processors = cpus();
  return {
    system: `${type()} ${release()} ${arch()}`,
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryBytes: totalmem(),
    /** Before the run: well below the number of cores, or the figures mean little. */
    loadAverage: loadavg()[0]!,
  };
}

export function versions(chromium: string | undefined): Readonly<Record<string, string>> {
  const require = createRequire(import.meta.url);
  const { version: chaski } = require("../package.json") as { version: string };
  const { version: ws } = require("ws/package.json") as { version: string };
  return { chaski, node: own.node, v8: own.v8, ws, ...(chromium !== undefined && { chromium }) };
}
