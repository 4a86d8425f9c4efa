/** `npm run bench`: reads the options, runs what they ask for, prints the tables and writes the report. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPage, buildProgram } from "./driver/build.ts";
import type { Metrics } from "./driver/measure.ts";
import { type Measured, type RunOptions, run } from "./driver/run.ts";
import { Sessions } from "./driver/sessions.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { apart, type Case, caseName, cases, together } from "./plan.ts";
import { machine, versions } from "./report/machine.ts";
import { reportCases } from "./report/report.ts";
import { count, printTables, significant } from "./report/table.ts";

/** A smoke run writes for so long that each contender sends something, and no longer. */
const SMOKE = { rounds: 1, warmUpMs: 0, durationMs: 5 } as const;

async function main(options: Options, chosen: readonly Case[]): Promise<void> {
  const durationMs = options.seconds * 1000;
  const timing = options.smoke ? SMOKE : { rounds: options.rounds, warmUpMs: durationMs / 2, durationMs };

  const before = { date: new Date().toISOString(), machine: machine(), ...timing };
  const { measured, chromiumVersion } = await measureAll(chosen, options, timing);
  const report = { ...before, versions: versions(chromiumVersion) };
  if (options.smoke) {
    write(options.json, { ...report, delivered: chosen.map(caseName) });
    console.log(`${measured.length} cases: everybody delivered everything`);
  } else {
    const reports = reportCases(measured);
    write(options.json, { ...report, cases: reports });
    console.log(`rounds: ${options.rounds}, seconds: ${options.seconds}\n\n${printTables(reports)}`);
  }
}

async function measureAll(
  chosen: readonly Case[],
  { smoke, profile }: Options,
  timing: Omit<RunOptions, "onProgress">,
): Promise<{ readonly measured: Measured[]; readonly chromiumVersion: string | undefined }> {
  const dist = fileURLToPath(new URL("dist", import.meta.url));
  mkdirSync(dist, { recursive: true });
  const folder = mkdtempSync(join(dist, "run-"));
  try {
    const [program, page] = [await buildProgram(folder), await buildPage(folder)];
    await using sessions = new Sessions({ program, page, profile });
    const onProgress: RunOptions["onProgress"] = ({ done, of, case: each, metrics }) => {
      const line = `${String(done).padStart(String(of).length)}/${of}  ${caseName(each).padEnd(36)}`;
      console.error(`${line} ${smoke ? "ok" : figure(metrics)}`);
    };
    const turns = smoke ? together(chosen) : apart(chosen);
    const measured = await run(sessions, turns, { ...timing, onProgress });
    return { measured, chromiumVersion: sessions.chromiumVersion };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function figure({ messagesPerSecond, p50Micros, microsEach }: Metrics): string {
  return messagesPerSecond === undefined
    ? `${significant(p50Micros ?? microsEach ?? 0)} us`
    : `${count(messagesPerSecond)}/s`;
}

function write(path: string | undefined, report: object): void {
  if (path === undefined) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
}

/** What the command line asks for; undefined when that is help. @throws {TypeError | RangeError} when it is wrong. */
function asked(): { readonly options: Options; readonly chosen: readonly Case[] } | undefined {
  const options = readOptions(process.argv.slice(2));
  if (!options) return undefined;
  const chosen = cases(options.only);
  if (chosen.length === 0) throw new RangeError(`--only ${options.only.join(",")} leaves nothing to measure`);
  return { options, chosen };
}

let work: ReturnType<typeof asked>;
try {
  work = asked();
  if (!work) console.log(HELP);
} catch (error) {
  console.error(`${(error as Error).message}\nTry npm run bench -- --help.`);
  process.exit(2);
}
try {
  if (work) await main(work.options, work.chosen);
} catch (error) {
  console.error(error);
  process.exit(1);
}
