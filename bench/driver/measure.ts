/** How each suite measures one case, given connected ends. */
import type { Case, SuiteName } from "../plan.ts";
import type { Session } from "./party.ts";

export interface Timing {
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/** What one round of one case gives, by metric. */
export type Metrics = Readonly<Record<string, number>>;

/** Round trips take so much longer to warm up: the engine compiles what ran often, and they run seldom. */
const ROUND_TRIP_WARM_UP = 4;

/** Opening a session, or what follows a measurement, may take so long before something must have got stuck. */
const SLACK_MS = 60_000;

type Measure = (session: Session, size: number, timing: Timing) => Promise<Metrics>;

const SUITES: Readonly<Record<SuiteName, Measure>> = {
  throughput,
  page: throughput,
  "round-trip": roundTrip,
  routes: work,
  match: work,
  verify: work,
};

export function measure(session: Session, { suite, size }: Case, timing: Timing): Promise<Metrics> {
  return SUITES[suite](session, size, timing);
}

/** Whatever takes longer than this is stuck. */
export const longestMs = ({ warmUpMs, durationMs }: Timing): number =>
  warmUpMs * ROUND_TRIP_WARM_UP + durationMs + SLACK_MS;

/** The rate at the reader while the writer writes on: neither the beginning nor the end counts, and nothing may be lost. */
async function throughput(session: Session, messageBytes: number, timing: Timing): Promise<Metrics> {
  const { writer, reader } = session;
  await writer.ask("start", messageBytes);
  await reader.ask("arrivals", timing.warmUpMs);
  const cpuMicros = await session.cpuMicros();
  const { bytes, elapsedMs } = await reader.ask("arrivals", timing.durationMs);
  const cpuMicrosUsed = (await session.cpuMicros()) - cpuMicros;
  await reader.ask("received", await writer.ask("stop"));
  const bytesPerSecond = (bytes / elapsedMs) * 1000;
  return {
    messagesPerSecond: bytesPerSecond / messageBytes,
    bytesPerSecond,
    cpuMicrosPerMessage: (cpuMicrosUsed * messageBytes) / bytes,
  };
}

async function roundTrip(session: Session, messageBytes: number, timing: Timing): Promise<Metrics> {
  const { writer, reader } = session;
  await reader.ask("answer");
  await writer.ask("roundTrips", messageBytes, timing.warmUpMs * ROUND_TRIP_WARM_UP);
  const cpuMicros = await session.cpuMicros();
  const { count, p50Micros, p99Micros } = await writer.ask("roundTrips", messageBytes, timing.durationMs);
  const cpuMicrosUsed = (await session.cpuMicros()) - cpuMicros;
  return { p50Micros, p99Micros, cpuMicrosPerRoundTrip: cpuMicrosUsed / count };
}

/** The same work again and again. */
async function work({ worker }: Session, size: number, timing: Timing): Promise<Metrics> {
  await worker.ask("run", size, timing.warmUpMs);
  const { count, elapsedMs } = await worker.ask("run", size, timing.durationMs);
  return { microsEach: (elapsedMs * 1000) / count };
}
