/**
 * Another seed or more of them: CHASKI_SEED=1000 CHASKI_SEEDS=5000 npm run unit -- contract-run
 */
import { expect, it } from "vitest";
import { contractRun } from "./contract-run.ts";
import { settle } from "./node-settle.fixture.ts";

const FIRST = Number(process.env.CHASKI_SEED ?? 1);
const COUNT = Number(process.env.CHASKI_SEEDS ?? 84);

it("keeps the delivery contract on small meshes of peers, gateways and leaves, through cuts, crashes and small logs", {
  timeout: 0,
}, async () => {
  const failures: string[] = [];
  const total = { published: 0, delivered: 0, gaps: 0, drops: 0 };
  for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
    const result = await contractRun(seed, settle).catch((cause: unknown) => {
      throw new Error(`seed ${seed}`, { cause });
    });
    failures.push(...result.violations.slice(0, 3).map((violation) => `seed ${seed}: ${violation}`));
    for (const key of ["published", "delivered", "gaps", "drops"] as const) total[key] += result[key];
  }
  console.info(
    `${COUNT} seeds from ${FIRST}: ${total.published} published, ${total.delivered} delivered, ` +
      `${total.gaps} gaps, ${total.drops} drops`,
  );
  expect(failures).toEqual([]);
  expect(total.delivered).toBeGreaterThan(COUNT * 100);
});
