/** Meshes of real processes over real TCP: any shape, and members that are killed. */
import { expect, it } from "vitest";
import { Member } from "./members.fixture.ts";

const COUNT = 2_000;
/** Enough to take a second or so. */
const STREAM = 400_000;

it("a chain of six, the middle four not subscribed, delivers everything once and in order", async () => {
  const chain = [await Member.start("n0", [])];
  for (let i = 1; i < 6; i++) chain.push(await Member.start(`n${i}`, [chain[i - 1]!]));
  const [first, last] = [chain[0]!, chain[5]!];
  await last.listen();
  await first.waitForSubscribers(1);
  await first.publish(COUNT);
  await last.hear(first, COUNT);
  expect(await last.accounts()).toEqual({ [first.id]: { first: 0, count: COUNT, wrong: 0, gaps: 0 } });
}, 60_000);

it("a ring of four with 2 000 messages of each at once delivers each of them to everybody exactly once", async () => {
  const ring = [await Member.start("n0", [])];
  for (let i = 1; i < 3; i++) ring.push(await Member.start(`n${i}`, [ring[i - 1]!]));
  ring.push(await Member.start("n3", [ring[2]!, ring[0]!]));
  await Promise.all(ring.map((member) => member.listen()));
  await Promise.all(ring.map((member) => member.waitForSubscribers(3)));
  await Promise.all(ring.map((member) => member.publish(COUNT)));
  for (const member of ring) {
    const others = ring.filter((other) => other !== member);
    for (const other of others) await member.hear(other, COUNT);
    const expected = others.map(({ id }) => [id, { first: 0, count: COUNT, wrong: 0, gaps: 0 }]);
    expect(await member.accounts()).toEqual(Object.fromEntries(expected));
  }
}, 60_000);

it("a relay killed in the middle of a stream is replaced by the one beside it, without loss or double", async () => {
  const origin = await Member.start("origin", []);
  const relays = [await Member.start("relay a", [origin]), await Member.start("relay b", [origin])];
  const reader = await Member.start("reader", relays);
  await reader.listen();
  await origin.waitForSubscribers(1);
  await origin.publish(COUNT);
  await reader.hear(origin, COUNT / 2);
  const sent = await Promise.all(relays.map((relay) => relay.bytesTo("reader")));
  const inUse = relays[sent[0]! > sent[1]! ? 0 : 1]!;
  const publishing = origin.publish(STREAM - COUNT);
  await reader.hear(origin, 2 * COUNT);
  await inUse.kill();
  expect((await reader.accounts())[origin.id]!.count).toBeLessThan(STREAM);
  await publishing;
  await reader.hear(origin, STREAM);
  expect(await reader.accounts()).toEqual({ [origin.id]: { first: 0, count: STREAM, wrong: 0, gaps: 0 } });
}, 60_000);

it("a subscriber killed and started again on its port is found again, and hears all that the publisher said alone, too", async () => {
  const reader = await Member.start("reader", []);
  const origin = await Member.start("origin", [reader]);
  await reader.listen();
  await origin.waitForSubscribers(1);
  await origin.publish(COUNT);
  await reader.hear(origin, COUNT);
  await reader.kill();
  await origin.isAlone();
  await origin.publish(COUNT);
  const again = await Member.start("reader", [], reader.address);
  await again.listen();
  await origin.waitForSubscribers(1);
  await origin.publish(COUNT);
  await again.hear(origin, 2 * COUNT);
  const account = (await again.accounts())[origin.id];
  expect(account).toEqual({ first: COUNT, count: 2 * COUNT, wrong: 0, gaps: 0 });
}, 60_000);
