/** How each suite measures one case, given connected ends. */
import type { Case, SuiteName } from "../plan.ts";
import type { Session } from "./party.ts";

export interface Timing {
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/** What one round of one case gives, by metric. */
export type Metrics = Readonly<Record<string, number>>;

type Measure = (session: Session, messageBytes: number, timing: Timing) => Promise<Metrics>;

const SUITES: Readonly<Record<SuiteName, Measure>> = { throughput, page: throughput, "round-trip": roundTrip };

export function measure(session: Session, { suite, messageBytes }: Case, timing: Timing): Promise<Metrics> {
  return SUITES[suite](session, messageBytes, timing);
}

/** The rate at the reader while the writer writes on: neither the beginning nor the end counts, and nothing may be lost. */
async function throughput(
  { writer, reader }: Session,
  messageBytes: number,
  { warmUpMs, durationMs }: Timing,
): Promise<Metrics> {
  await writer.ask("start", messageBytes);
  const bytesPerSecond = await reader.ask("rate", warmUpMs, durationMs);
  await reader.ask("received", await writer.ask("stop"));
  return { messagesPerSecond: bytesPerSecond / messageBytes, bytesPerSecond };
}

async function roundTrip(
  { writer, reader }: Session,
  messageBytes: number,
  { warmUpMs, durationMs }: Timing,
): Promise<Metrics> {
  await reader.ask("answer");
  const { p50Micros, p99Micros } = await writer.ask("roundTrips", messageBytes, warmUpMs, durationMs);
  return { p50Micros, p99Micros };
}
