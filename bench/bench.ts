/** `npm run bench`: reads the options, runs what they ask for, prints the tables and writes the report. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPage, buildProgram } from "./driver/build.ts";
import type { Metrics } from "./driver/measure.ts";
import { type RunOptions, run } from "./driver/run.ts";
import { Sessions } from "./driver/sessions.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { apart, caseName, cases, together } from "./plan.ts";
import { machine, versions } from "./report/machine.ts";
import { reportCases } from "./report/report.ts";
import { count, printTables, significant } from "./report/table.ts";

/** A smoke run writes for so long that each contender sends something, and no longer. */
const SMOKE: Pick<RunOptions, "rounds" | "warmUpMs" | "durationMs"> = { rounds: 1, warmUpMs: 0, durationMs: 5 };

async function main(options: Options): Promise<void> {
  const chosen = cases(options.only);
  if (chosen.length === 0) throw new RangeError(`--only ${options.only.join(",")} leaves nothing to measure`);
  const durationMs = options.seconds * 1000;
  const timing = options.smoke ? SMOKE : { rounds: options.rounds, warmUpMs: durationMs / 2, durationMs };
  const before = { date: new Date().toISOString(), machine: machine() };

  const dist = fileURLToPath(new URL("dist", import.meta.url));
  mkdirSync(dist, { recursive: true });
  const folder = mkdtempSync(join(dist, "run-"));
  try {
    const [program, page] = [await buildProgram(folder), await buildPage(folder)];
    await using sessions = new Sessions({ program, page, profile: options.profile });
    const onProgress: RunOptions["onProgress"] = ({ done, of, case: each, metrics }) => {
      const line = `${String(done).padStart(String(of).length)}/${of}  ${caseName(each).padEnd(36)}`;
      console.error(`${line} ${options.smoke ? "ok" : figure(metrics)}`);
    };
    const measured = await run(sessions, options.smoke ? together(chosen) : apart(chosen), { ...timing, onProgress });
    const report = { ...before, versions: versions(sessions.chromiumVersion), ...timing, cases: reportCases(measured) };
    if (options.json !== undefined) {
      mkdirSync(dirname(options.json), { recursive: true });
      writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
    }
    console.log(
      options.smoke
        ? `${measured.length} cases: everybody delivered everything`
        : `rounds: ${options.rounds}, seconds: ${options.seconds}\n\n${printTables(report.cases)}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function figure({ messagesPerSecond, p50Micros = 0 }: Metrics): string {
  return messagesPerSecond === undefined ? `${significant(p50Micros)} us` : `${count(messagesPerSecond)}/s`;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await main(options);
  else console.log(HELP);
} catch (error) {
  console.error(error);
  process.exit(1);
}
