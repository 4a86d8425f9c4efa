import { expect, it } from "vitest";
import { LIMITS } from "../base/limits.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { type Address, decodeWhereabouts, encodeWhereabouts, type Holds, type WhereaboutsBody } from "../wire/index.ts";
import type { PortHandler } from "./unicast.ts";
import { Whereabouts } from "./whereabouts.ts";

const [SELF, EAST, WEST, LEAF, STRANGER] = ["a", "b", "c", "d", "e"].map((digit) => digit.repeat(32)) as [
  ...[string, string, string, string, string],
];

/** One that asks two gateways, whose questions are answered by hand. */
function asker(holds: Holds = "no", gateways = [EAST, WEST]) {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const sent: { readonly to: string; readonly body: WhereaboutsBody }[] = [];
  let handler!: PortHandler;
  const whereabouts = new Whereabouts({
    self: SELF,
    clock,
    random: new SeededRandom(1),
    unicast: {
      listen: (_port, given) => void (handler = given),
      send: ({ node }: Address, _port, _lane, payload) => {
        sent.push({ to: node, body: decodeWhereabouts(payload) });
        return undefined;
      },
    },
    gateways: () => gateways,
    holds: () => holds,
    onError: (error) => errors.push(error),
  });
  const say = (from: string, payload: Uint8Array): void => handler.onMessage({ node: from, home: from }, payload);
  const answer = (from: string, said: Holds, number = sent.at(-1)!.body.number): void =>
    say(from, encodeWhereabouts({ kind: "answer", number, node: LEAF, holds: said }));
  const found: (string | undefined)[] = [];
  const find = (): void => void whereabouts.find(LEAF).then((gateway) => found.push(gateway));
  const steps = async (ms: number): Promise<void> => {
    const endMs = clock.now() + ms;
    while ((clock.nextMs ?? Number.POSITIVE_INFINITY) <= endMs) clock.step();
    clock.advance(endMs - clock.now());
    await settle();
  };
  return { clock, whereabouts, sent, errors, say, answer, found, find, steps };
}

it("whoever has the leaf is found at once, and sooner than who only keeps its place", async () => {
  const { answer, found, find, steps, clock } = asker();
  find();
  answer(EAST, "kept");
  await steps(0);
  expect(found).toEqual([]);
  answer(WEST, "here");
  await steps(0);
  expect([found, clock.pending]).toEqual([[WEST], 0]);
});

it("who keeps its place is found when all have answered, or in the end", async () => {
  const { answer, found, find, steps } = asker();
  find();
  answer(EAST, "kept");
  answer(WEST, "no");
  await steps(0);
  find();
  answer(WEST, "kept");
  await steps(5_000);
  expect(found).toEqual([EAST, WEST]);
});

it("all who look for the same leaf ask once", async () => {
  const { answer, found, find, sent, steps } = asker();
  find();
  find();
  expect(sent.map(({ to }) => to)).toEqual([EAST, WEST]);
  answer(EAST, "here");
  await steps(0);
  expect(found).toEqual([EAST, EAST]);
});

it("what answers the first question once more does not answer the second", async () => {
  const { answer, found, find, sent, steps } = asker();
  find();
  const { number } = sent.at(-1)!.body;
  await steps(250);
  for (const gateway of [EAST, WEST, EAST, WEST]) answer(gateway, "no", number);
  await steps(999);
  expect(found).toEqual([]);
  await steps(1);
  for (const gateway of [EAST, WEST]) answer(gateway, "no", number);
  answer(WEST, "here");
  await steps(0);
  expect(found).toEqual([WEST]);
});

it("only who was asked may answer, once, and to this question", async () => {
  const { answer, found, find, sent, steps } = asker();
  find();
  const { number } = sent.at(-1)!.body;
  answer(STRANGER, "here");
  answer(EAST, "here", number + 1);
  answer(EAST, "no");
  answer(EAST, "here");
  await steps(0);
  expect(found).toEqual([]);
});

it("a question without an answer is asked again, less and less often, until 5 s are over", async () => {
  const { answer, found, find, sent, steps, clock } = asker();
  find();
  answer(WEST, "no");
  const askedAtMs: number[] = [];
  for (let ms = 0; ms < 5_000; ms++) {
    const before = sent.length;
    await steps(1);
    if (sent.length > before) askedAtMs.push(clock.now());
  }
  expect([askedAtMs, found, clock.pending]).toEqual([[250, 750, 1_750, 3_750], [undefined], 0]);
  expect(sent.filter(({ to }) => to === WEST)).toHaveLength(1);
});

it("answers what it has itself, and reports what is no question", async () => {
  const { say, sent, errors } = asker("kept");
  say(STRANGER, encodeWhereabouts({ kind: "ask", number: 7, node: LEAF }));
  expect(sent).toEqual([{ to: STRANGER, body: { kind: "answer", number: 7, node: LEAF, holds: "kept" } }]);
  say(STRANGER, new Uint8Array([2, 0, 0]));
  say(STRANGER, new Uint8Array(0));
  expect(errors).toMatchObject([{ code: "malformed-frame" }, { code: "malformed-frame" }]);
});

it("more leaves than it may look for at once are an overflow, and closing ends every search, with none afterwards", async () => {
  const { whereabouts, clock } = asker();
  const searches = Array.from({ length: LIMITS.searches }, (_, i) => whereabouts.find(`${i}`.padStart(32, "0")));
  await expect(whereabouts.find(LEAF)).rejects.toMatchObject({ code: "overflow" });
  whereabouts.close();
  expect(new Set(await Promise.all(searches))).toEqual(new Set([undefined]));
  expect([await whereabouts.find(LEAF), clock.pending]).toEqual([undefined, 0]);
});
