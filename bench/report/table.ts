/** The tables for people: one for each suite, its sizes one below the other. */
import { CONTENDERS, type ContenderName, referenceOf } from "../contenders/names.ts";
import { type SuiteName, sizeName } from "../plan.ts";
import type { CaseReport, MetricReport } from "./report.ts";
import { spread } from "./statistics.ts";

interface Column {
  readonly head: string;
  readonly cell: (report: CaseReport) => string;
}

const RATES: readonly Column[] = [
  { head: "messages/s", cell: ({ metrics }) => count(metrics.messagesPerSecond!.median) },
  { head: "MB/s", cell: ({ metrics }) => significant(metrics.bytesPerSecond!.median / 1e6) },
  { head: "±", cell: ({ metrics }) => uncertainty(metrics.messagesPerSecond!) },
  { head: "CPU each", cell: ({ metrics }) => micros(metrics.cpuMicrosPerMessage!) },
  { head: "of batched", cell: (report) => ratio(report, "messagesPerSecond", "batched") },
  { head: "of one by one", cell: (report) => ratio(report, "messagesPerSecond", "unbatched") },
];

const TIMES: readonly Column[] = [
  { head: "p50", cell: ({ metrics }) => micros(metrics.p50Micros!) },
  { head: "±", cell: ({ metrics }) => uncertainty(metrics.p50Micros!) },
  { head: "p99", cell: ({ metrics }) => micros(metrics.p99Micros!) },
  { head: "CPU each", cell: ({ metrics }) => micros(metrics.cpuMicrosPerRoundTrip!) },
  { head: "p50 of raw", cell: (report) => ratio(report, "p50Micros", "unbatched") },
  { head: "p99 of raw", cell: (report) => ratio(report, "p99Micros", "unbatched") },
];

const OF_DIRECT = "of direct";
const WIRES: readonly Column[] = [
  ...RATES,
  { head: OF_DIRECT, cell: (report) => ofReference(report, "messagesPerSecond") },
];
const HOPS: readonly Column[] = [
  ...TIMES,
  { head: OF_DIRECT, cell: (report) => ofReference(report, "p50Micros") },
  { head: "per relay", cell: ({ metrics: { p50MicrosPerRelay: added } }) => (added ? micros(added) : "") },
];

const WORKS: readonly Column[] = [
  { head: "each", cell: ({ metrics }) => micros(metrics.microsEach!) },
  { head: "±", cell: ({ metrics }) => uncertainty(metrics.microsEach!) },
  { head: "of reference", cell: (report) => ofReference(report, "microsEach") },
];

const SUITES: readonly { suite: SuiteName; title: string; columns: readonly Column[] }[] = [
  { suite: "throughput", title: "Throughput between processes", columns: WIRES },
  { suite: "round-trip", title: "Round trip between processes", columns: HOPS },
  { suite: "page", title: "Throughput into a page of Chromium", columns: RATES },
  { suite: "routes", title: "Routes from one peer to all others, each of degree 8", columns: WORKS },
  { suite: "match", title: "Patterns that match a topic", columns: WORKS },
  { suite: "verify", title: "Records that come in", columns: WORKS },
];

export function printTables(reports: readonly CaseReport[]): string {
  return SUITES.flatMap(({ suite, title, columns }) => {
    const ofSuite = reports.filter((report) => report.suite === suite);
    return ofSuite.length > 0 ? [printTable(suite, title, columns, ofSuite)] : [];
  }).join("\n\n");
}

function printTable(
  suite: SuiteName,
  title: string,
  columns: readonly Column[],
  reports: readonly CaseReport[],
): string {
  const sizes = [...new Set(reports.map(({ size }) => size))];
  const sections = sizes.map((size) => [
    [sizeName(suite, size), ...columns.map(({ head }) => head)],
    ...reports
      .filter((report) => report.size === size)
      .map((report) => [`  ${CONTENDERS[report.contender].title}`, ...columns.map(({ cell }) => cell(report))]),
  ]);
  return `${title}\n\n${aligned(sections)}`;
}

/** The first column to the left, all others to the right; the same widths in all sections. */
function aligned(sections: readonly (readonly (readonly string[])[])[]): string {
  const rows = sections.flat();
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("   ");
  return sections.map((section) => section.map(line).join("\n")).join("\n\n");
}

/** A number of things: 1.02 M, 21.3 k. */
export function count(value: number): string {
  if (value >= 1e6) return `${significant(value / 1e6)} M`;
  return value >= 1e3 ? `${significant(value / 1e3)} k` : significant(value);
}

/** Three significant digits, and never fewer than there are before the point. */
export function significant(value: number): string {
  if (value === 0) return "0";
  const digits = 2 - Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.max(0, Math.min(6, digits)));
}

const micros = ({ median }: MetricReport): string => `${significant(median)} us`;

/** Half the range of the rounds; a single round says nothing about it. */
const uncertainty = (metric: MetricReport): string =>
  metric.rounds.length > 1 ? `${Math.round(spread(metric) * 100)} %` : "";

function ratio(report: CaseReport, metric: string, baseline: "batched" | "unbatched"): string {
  const { wire } = CONTENDERS[report.contender];
  return wire === "none" ? "" : ratioTo(report, metric, `raw-${wire}-${baseline}`);
}

function ofReference(report: CaseReport, metric: string): string {
  const reference = referenceOf(report.contender);
  return reference ? ratioTo(report, metric, reference) : "";
}

function ratioTo({ metrics }: CaseReport, metric: string, contender: ContenderName): string {
  const to = metrics[metric]!.ratios[contender];
  return to ? significant(to.median) : "";
}
