/** The tables for people: one for each suite, its sizes one below the other. */
import { CONTENDERS } from "../contenders/names.ts";
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

const SUITES: readonly { suite: SuiteName; title: string; columns: readonly Column[] }[] = [
  { suite: "throughput", title: "Throughput between processes", columns: RATES },
  { suite: "round-trip", title: "Round trip between processes", columns: TIMES },
  { suite: "page", title: "Throughput into a page of Chromium", columns: RATES },
];

export function printTables(reports: readonly CaseReport[]): string {
  return SUITES.flatMap(({ suite, title, columns }) => {
    const ofSuite = reports.filter((report) => report.suite === suite);
    return ofSuite.length > 0 ? [printTable(title, columns, ofSuite)] : [];
  }).join("\n\n");
}

function printTable(title: string, columns: readonly Column[], reports: readonly CaseReport[]): string {
  const sizes = [...new Set(reports.map(({ messageBytes }) => messageBytes))];
  const sections = sizes.map((messageBytes) => [
    [sizeName(messageBytes), ...columns.map(({ head }) => head)],
    ...reports
      .filter((report) => report.messageBytes === messageBytes)
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

function ratio({ contender, metrics }: CaseReport, metric: string, baseline: "batched" | "unbatched"): string {
  const to = metrics[metric]!.ratios[`raw-${CONTENDERS[contender].wire}-${baseline}`];
  return to ? significant(to.median) : "";
}
