/** Another seed, or more: CHASKI_SEED=1000 CHASKI_SEEDS=5000 npm run unit -- pipe-run */
import { expect, it } from "vitest";
import { settle } from "./node-settle.fixture.ts";
import { pipeRun } from "./pipe-run.ts";

const FIRST = Number(process.env.CHASKI_SEED ?? 1);
const COUNT = Number(process.env.CHASKI_SEEDS ?? 200);

it(`calls and messages come once and in order, and are answered or said to be lost, in ${COUNT} lives of a mesh whose nodes die and move`, {
  timeout: 0,
}, async () => {
  const failures: string[] = [];
  const total = { called: 0, answered: 0, lost: 0 };
  const startedMs = performance.now();
  for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
    const result = await pipeRun(seed, settle).catch((cause: unknown) => {
      throw new Error(`seed ${seed}`, { cause });
    });
    failures.push(...result.violations.slice(0, 3).map((violation) => `seed ${seed}: ${violation}`));
    for (const key of ["called", "answered", "lost"] as const) total[key] += result[key];
  }
  console.info(
    `${COUNT} seeds from ${FIRST} in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s: ` +
      `${total.called} called, ${total.answered} answered, ${total.lost} lost`,
  );
  expect(failures).toEqual([]);
  expect(total.answered).toBeGreaterThan(total.called / 2);
});
