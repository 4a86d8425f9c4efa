/** The whole measurement: rounds of turns, interleaved, so that whatever slows the machine down slows all contenders. */
import { type Case, caseName, type Turn } from "../plan.ts";
import { longestMs, type Metrics, measure, type Timing } from "./measure.ts";
import type { Sessions } from "./sessions.ts";

/** A case and what its rounds gave, in their order. */
export interface Measured {
  readonly case: Case;
  readonly rounds: readonly Metrics[];
}

export interface RunOptions extends Timing {
  readonly rounds: number;
  /** Told after every case of every round. */
  onProgress(progress: {
    readonly done: number;
    readonly of: number;
    readonly case: Case;
    readonly metrics: Metrics;
  }): void;
}

/** @throws {Error} naming the case that failed: what is left running then ends with this process. */
export async function run(sessions: Sessions, turns: readonly Turn[], options: RunOptions): Promise<Measured[]> {
  const all = turns.flat();
  const measured = new Map(all.map((each) => [each, [] as Metrics[]]));
  const limitMs = longestMs(options);
  let done = 0;
  for (let round = 1; round <= options.rounds; round++) {
    for (const turn of turns) {
      let current: Case = turn[0];
      try {
        await using session = await within(limitMs, sessions.open(current));
        for (current of turn) {
          const metrics = await within(limitMs, measure(session, current, options));
          measured.get(current)!.push(metrics);
          options.onProgress({ done: ++done, of: all.length * options.rounds, case: current, metrics });
        }
      } catch (cause) {
        throw new Error(`${caseName(current)} failed in round ${round}`, { cause });
      }
    }
  }
  return all.map((each) => ({ case: each, rounds: measured.get(each)! }));
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
