/** The command line. */
import { type ParseArgsConfig, parseArgs } from "node:util";

export interface Options {
  /** Words of which a case's name must contain one; none: every case. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** How long each case of each round is measured. */
  readonly seconds: number;
  /** Where to write the report. */
  readonly json: string | undefined;
  /** A folder for CPU profiles. */
  readonly profile: string | undefined;
  readonly smoke: boolean;
}

const DEFAULTS = { rounds: 5, seconds: 1 } as const;

export const HELP = `Measures throughput and round trips beside raw TCP and raw WebSocket, and the control plane, interleaved in one run.

Usage: npm run bench -- [options]

  --only <words>     only cases whose names contain one of these words, separated by commas;
                     a name is like throughput/mesh-tcp/64B, round-trip/mesh-ws-call/64B, page/mesh-ws/1KB,
                     routes/shortest-paths/500peers
  --rounds <n>       how often every case is measured, in turn with the others (default ${DEFAULTS.rounds})
  --seconds <s>      how long each time, after a warm-up of half as long (default ${DEFAULTS.seconds})
  --json <path>      write everything measured, with machine, versions and date
  --profile <folder> write a CPU profile of every process of Node there
  --smoke            measure nothing: only check, in some seconds, that everybody delivers everything
  --help             show this`;

const OPTIONS = {
  only: { type: "string", default: "" },
  rounds: { type: "string", default: String(DEFAULTS.rounds) },
  seconds: { type: "string", default: String(DEFAULTS.seconds) },
  json: { type: "string" },
  profile: { type: "string" },
  smoke: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const satisfies ParseArgsConfig["options"];

/** @returns Undefined when `--help` was asked for. @throws {TypeError | RangeError} for an option that is unknown or wrong. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) return undefined;
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  if (!(Number.isInteger(rounds) && rounds >= 1))
    throw new RangeError(`--rounds must be a whole number of at least 1, got "${values.rounds}"`);
  if (!(seconds > 0 && seconds <= 3600))
    throw new RangeError(`--seconds must be above 0 and at most 3600, got "${values.seconds}"`);
  return {
    only: values.only
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== ""),
    rounds,
    seconds,
    json: values.json,
    profile: values.profile,
    smoke: values.smoke,
  };
}
