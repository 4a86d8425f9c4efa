// `npm test`: everything CI runs, on a machine with only Node and npm. Its last line is "N passed, N failed":
// one for each check, and one for each test of Vitest and Playwright.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureChromium } from "./browser.mjs";
import { build, install } from "./build.mjs";
import { root, run } from "./run.mjs";

const HELP = `npm test: installs what is missing, then runs everything CI runs, in at most 15 minutes. It takes no options.

To run less, after it has run once:
  npm run unit -- codec --project node   the unit tests whose file has this in its name
  npm run e2e -- calls                   the same of the tests in Chromium
CONTRIBUTING.md names the other checks.`;
if (process.argv.length > 2) {
  const isHelp = ["--help", "-h"].includes(process.argv[2]);
  console[isHelp ? "log" : "error"](isHelp ? HELP : `npm test takes no options, got "${process.argv[2]}".\n\n${HELP}`);
  process.exit(isHelp ? 0 : 2);
}

const LIMIT_MS = 14.5 * 60_000; // of the whole run; CI allows 15 minutes
const MINUTE_MS = 60_000;
const startedMs = performance.now();
const artifacts = join(root, ".artifacts");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const total = { passed: 0, failed: 0 };
const seconds = (sinceMs) => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

const plain = { CI: "true", ...(process.stdout.isTTY ? {} : { NO_COLOR: "1" }) };

/** Options for `run`, keeping within the time of the whole. */
function within(minutes) {
  const leftMs = LIMIT_MS - (performance.now() - startedMs);
  return { limitMs: Math.max(1, Math.min(minutes * MINUTE_MS, leftMs)), env: plain };
}

/** One of package.json's scripts. */
const script = (name, minutes, args = "") => run(["sh", "-c", `${scripts[name]} ${args}`], within(minutes));

/** Run tests that write a JSON report, and count them. Tests that never ran because the runner failed are one failure. */
async function counted(runTests, report, read) {
  rmSync(report, { force: true });
  const problem = await runTests().then(
    () => undefined,
    (error) => error,
  );
  let counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    counts = read(JSON.parse(readFileSync(report, "utf8")));
  } catch (error) {
    if (!problem) throw error;
  }
  if (problem && counts.failed === 0) counts.failed = 1;
  if (!problem && counts.passed === 0) throw new Error("there are no tests");
  return counts;
}

function unit() {
  const report = join(artifacts, "vitest.json");
  const args = `--allowOnly=false --reporter=default --reporter=json --outputFile.json=${report}`;
  return counted(
    () => script("unit", 9, args),
    report,
    (json) => ({
      passed: json.numPassedTests,
      failed: json.numFailedTests,
      skipped: json.numPendingTests + json.numTodoTests,
    }),
  );
}

async function benchmark() {
  const report = join(artifacts, "bench.json");
  rmSync(report, { force: true });
  await script("bench", 2, `--smoke --json ${report}`);
  JSON.parse(readFileSync(report, "utf8"));
}

function e2e() {
  const report = join(artifacts, "playwright.json");
  process.env.PLAYWRIGHT_JSON_OUTPUT_FILE = report;
  return counted(
    () => script("e2e", 6, "--reporter=list,json"),
    report,
    ({ stats }) => ({
      passed: stats.expected,
      failed: stats.unexpected + stats.flaky,
      skipped: stats.skipped,
    }),
  );
}

async function browser() {
  process.env.CHASKI_CHROMIUM = await ensureChromium();
  console.log(process.env.CHASKI_CHROMIUM);
}

// What is needed by the steps after it stops the run when it fails.
const steps = [
  { name: "install", needed: true, run: () => install({ ...within(5), quiet: true }) },
  { name: "build", run: () => build(within(3)) },
  { name: "format and lint", run: () => script("lint", 1) },
  { name: "types", run: () => script("types", 3) },
  { name: "layers", run: () => script("layers", 1) },
  { name: "dead code", run: () => script("dead-code", 1) },
  { name: "package shape", run: () => script("package-shape", 2) },
  { name: "bundle size", run: () => script("bundle-size", 1) },
  { name: "browser", needed: true, run: browser },
  { name: "unit tests", run: unit },
  { name: "end to end", run: e2e },
  { name: "benchmark smoke", run: benchmark },
];

mkdirSync(artifacts, { recursive: true });
const summary = [];
for (const step of steps) {
  console.log(`\n== ${step.name}`);
  const sinceMs = performance.now();
  let counts = { passed: 1, failed: 0 };
  try {
    counts = (await step.run()) ?? counts;
  } catch (error) {
    console.log(`${error.output ?? ""}${error.message}`);
    counts = { passed: 0, failed: 1 };
  }
  total.passed += counts.passed;
  total.failed += counts.failed;

  let result = counts.failed > 0 ? "FAILED" : "ok";
  if (counts.skipped !== undefined)
    result += `: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  const line = `${step.name.padEnd(16)} ${seconds(sinceMs).padStart(8)}  ${result}`;
  console.log(`== ${line}`);
  summary.push(line);
  if (step.needed && counts.failed > 0) {
    summary.push(
      `not run: ${steps
        .slice(steps.indexOf(step) + 1)
        .map(({ name }) => name)
        .join(", ")}`,
    );
    break;
  }
}

console.log(`\n${summary.join("\n")}\n${"total".padEnd(16)} ${seconds(startedMs).padStart(8)}\n`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
