/** What a run amounts to: medians, spreads, and ratios to the raw contenders of the same run. Written as it is to `--json`. */
import { baselinesOf, type ContenderName } from "../contenders/names.ts";
import type { Measured } from "../driver/run.ts";
import type { SuiteName } from "../plan.ts";
import { type Summary, summarize } from "./statistics.ts";

export interface MetricReport extends Summary {
  /** In the order of the rounds. */
  readonly rounds: readonly number[];
  /** To each raw contender over the same wire with the same suite and size: the ratios of single rounds, summed up. */
  readonly ratios: Readonly<Partial<Record<ContenderName, Summary>>>;
}

export interface CaseReport {
  readonly suite: SuiteName;
  readonly contender: ContenderName;
  readonly messageBytes: number;
  readonly metrics: Readonly<Record<string, MetricReport>>;
}

export function reportCases(measured: readonly Measured[]): CaseReport[] {
  return measured.map(({ case: { suite, contender, messageBytes }, rounds }) => {
    const baselines = baselinesOf(contender)
      .map((name) => measured.find((other) => isCase(other, suite, name, messageBytes)))
      .filter((baseline) => baseline !== undefined);
    const metrics = Object.keys(rounds[0] ?? {}).map((metric) => {
      const values = rounds.map((each) => each[metric]!);
      const ratios = baselines.map((baseline) => {
        // Round by round: what slowed a whole round down drops out.
        const ratio = values.map((value, round) => value / baseline.rounds[round]![metric]!);
        return [baseline.case.contender, summarize(ratio)];
      });
      return [metric, { ...summarize(values), rounds: values, ratios: Object.fromEntries(ratios) }];
    });
    return { suite, contender, messageBytes, metrics: Object.fromEntries(metrics) };
  });
}

function isCase({ case: each }: Measured, suite: SuiteName, contender: ContenderName, messageBytes: number): boolean {
  return each.suite === suite && each.contender === contender && each.messageBytes === messageBytes;
}
