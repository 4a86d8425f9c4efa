/**
 * Lives of the simulated mesh, seed by seed. Two test files share them, so that two cores do. Another seed, or more:
 * CHASKI_SEED=1000 CHASKI_SEEDS=5000 npm run unit -- contract-run
 */
import { expect, it } from "vitest";
import { contractRun } from "./contract-run.ts";
import { settle } from "./node-settle.fixture.ts";

const FIRST = Number(process.env.CHASKI_SEED ?? 1);
const COUNT = Number(process.env.CHASKI_SEEDS ?? 1_000);
/** Lives beyond the first thousand in which the contract was once broken. */
const ONCE_BROKEN = [4363, 10248, 10871, 11054, 11959, 12058, 12787, 17118, 22046, 65523, 87598];
/** On average a life delivers some hundreds. */
const FEWEST_DELIVERED = 50;

/** Tests that the seeds which are even, or odd, keep the contract. */
export function keepsTheContract(remainder: 0 | 1): void {
  const some = Array.from({ length: COUNT }, (_, i) => FIRST + i);
  const seeds = [...new Set([...some, ...ONCE_BROKEN])].filter((seed) => seed % 2 === remainder);
  it(`keeps the delivery contract in ${seeds.length} lives of 5 to 25 nodes, through cuts, crashes and small logs`, {
    timeout: 0,
  }, async () => {
    const failures: string[] = [];
    const total = { published: 0, delivered: 0, gaps: 0, drops: 0 };
    const startedMs = performance.now();
    for (const seed of seeds) {
      const result = await contractRun(seed, settle).catch((cause: unknown) => {
        throw new Error(`seed ${seed}`, { cause });
      });
      failures.push(...result.violations.slice(0, 3).map((violation) => `seed ${seed}: ${violation}`));
      for (const key of ["published", "delivered", "gaps", "drops"] as const) total[key] += result[key];
    }
    console.info(
      `${seeds.length} seeds from ${FIRST} in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s: ` +
        `${total.published} published, ${total.delivered} delivered, ${total.gaps} gaps, ${total.drops} drops`,
    );
    expect(failures).toEqual([]);
    expect(total.delivered).toBeGreaterThanOrEqual(seeds.length * FEWEST_DELIVERED);
  });
}
