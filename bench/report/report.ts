/** What a run amounts to: medians, spreads, and ratios to the raw contenders of the same run. Written as it is to `--json`. */
import { baselinesOf, CONTENDERS, type ContenderName, referenceOf } from "../contenders/names.ts";
import type { Metrics } from "../driver/measure.ts";
import type { Measured } from "../driver/run.ts";
import type { SuiteName } from "../plan.ts";
import { type Summary, summarize } from "./statistics.ts";

export interface MetricReport extends Summary {
  /** In the order of the rounds. */
  readonly rounds: readonly number[];
  /** To each contender that it is compared with, in the same suite with the same size: the ratios of single rounds, summed up. */
  readonly ratios: Readonly<Partial<Record<ContenderName, Summary>>>;
}

export interface CaseReport {
  readonly suite: SuiteName;
  readonly contender: ContenderName;
  readonly size: number;
  readonly metrics: Readonly<Record<string, MetricReport>>;
}

export function reportCases(measured: readonly Measured[]): CaseReport[] {
  return measured.map(({ case: { suite, contender, size }, rounds: measuredRounds }) => {
    const find = (name: ContenderName) => measured.find((other) => isCase(other, suite, name, size));
    const baselines = baselinesOf(contender)
      .map(find)
      .filter((baseline) => baseline !== undefined);
    const reference = referenceOf(contender);
    const rounds = withHops(measuredRounds, CONTENDERS[contender].relays, reference && find(reference)?.rounds);
    const metrics = Object.keys(rounds[0] ?? {}).map((metric) => {
      const values = rounds.map((each) => each[metric]!);
      const comparable = baselines.filter(({ rounds: [first] }) => first?.[metric] !== undefined);
      const ratios = comparable.map((baseline) => {
        // Round by round: what slowed a whole round down drops out.
        const ratio = values.map((value, round) => value / baseline.rounds[round]![metric]!);
        return [baseline.case.contender, summarize(ratio)];
      });
      return [metric, { ...summarize(values), rounds: values, ratios: Object.fromEntries(ratios) }];
    });
    return { suite, contender, size, metrics: Object.fromEntries(metrics) };
  });
}

function isCase({ case: each }: Measured, suite: SuiteName, contender: ContenderName, size: number): boolean {
  return each.suite === suite && each.contender === contender && each.size === size;
}

/** What each relay adds to a round trip, against the same way without relays in the same round. */
function withHops(
  rounds: readonly Metrics[],
  relays: number,
  direct: readonly Metrics[] | undefined,
): readonly Metrics[] {
  if (relays === 0 || !direct) return rounds;
  return rounds.map((metrics, round) => {
    const { p50Micros } = metrics;
    const directMicros = direct[round]!.p50Micros;
    if (p50Micros === undefined || directMicros === undefined) return metrics;
    return { ...metrics, p50MicrosPerRelay: (p50Micros - directMicros) / relays };
  });
}
