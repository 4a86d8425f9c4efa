/**
 * Two gateways, many leaves, publishers beside and below them, each in a process of its own: nothing is lost, doubled or out
 * of order while gateways are killed, left or restarted. At full size, with its figures printed:
 * `CHASKI_LEAVES=200 npm run unit -- failover --project node`.
 */
import { expect, it, onTestFinished } from "vitest";
import { Crowd } from "./crowd.fixture.ts";
import type { Published } from "./crowd-process.fixture.ts";
import { Gate } from "./gate.fixture.ts";
import { GatewayProcess } from "./process.fixture.ts";

const LEAVES = Number(process.env.CHASKI_LEAVES ?? 40);
const TOPICS = Array.from({ length: 10 }, (_, topic) => `topic/${topic}`);
/** Processes for the leaves. */
const CROWDS = LEAVES > 100 ? 2 : 1;
/** Messages a second of the two peers that publish, and of the leaf. */
const RATE = { peers: 900, leaf: 100 };

interface GatewayAt {
  readonly process: GatewayProcess;
  /** What leaves join. */
  readonly url: string;
  /** What peers join. */
  readonly listen: string;
}

async function startGateway(
  join: readonly string[],
  port = "0",
  listen = "tcp://127.0.0.1:0",
  ...options: string[]
): Promise<GatewayAt> {
  const joins = join.flatMap((address) => ["--join", address]);
  const process = new GatewayProcess("--json", "--port", port, "--listen", listen, ...joins, ...options);
  const { url, listen: listens } = await process.logged("gateway ready");
  return { process, url: String(url), listen: (listens as string[])[0]! };
}

const portOf = (address: string): number => Number(new URL(address).port);
const nowMs = (): number => performance.timeOrigin + performance.now();

/** Leaves that read a topic each, every other one on the second gateway; the first of them publishes, too. */
function startLeaves(gateways: readonly string[]): Promise<Crowd[]> {
  const members = Array.from({ length: LEAVES }, (_, number) => ({
    name: `leaf-${number}`,
    join: number % 2 === 0 ? [...gateways] : [...gateways].reverse(),
    reads: TOPICS[Math.floor(number / 2) % TOPICS.length]!,
    publishes: number === 0,
  }));
  const size = LEAVES / CROWDS;
  const crowds = Array.from({ length: CROWDS }, (_, crowd) => members.slice(crowd * size, (crowd + 1) * size));
  return Promise.all(crowds.map((some) => Crowd.start({ role: "leaf", members: some })));
}

/** Should the test fail: what went wrong so far, of those that read. */
function explain(readers: readonly Crowd[], published: () => Published): void {
  onTestFinished(async ({ task }) => {
    if (task.result?.state !== "fail") return;
    for (const crowd of readers) console.error((await crowd.missing(published())).slice(0, 40).join("\n"));
  });
}

/** Two gateways that are linked, leaves on both, three nodes that publish. @param options Of the gateways. */
async function lab(...options: string[]) {
  const first = await startGateway([], undefined, undefined, ...options);
  const second = await startGateway([first.listen], undefined, undefined, ...options);
  // Its other address answers when the first gateway is gone.
  const gate = await Gate.to(portOf(second.listen), false);
  const leaves = await startLeaves([first.url, second.url]);
  const peers = await Crowd.start({
    role: "peer",
    members: [
      { name: "on both", join: [first.listen, second.listen], publishes: true },
      { name: "on the first", join: [first.listen, `tcp://127.0.0.1:${gate.port}`], publishes: true },
    ],
  });
  const publishers = [peers, leaves[0]!];
  let published: Published = {};
  explain(leaves, () => published);
  await Promise.all(leaves.map((crowd) => crowd.listen()));
  await Promise.all(publishers.map((crowd) => crowd.waitForSubscribers(TOPICS, LEAVES / TOPICS.length)));
  await Promise.all([peers.publish(TOPICS, RATE.peers), leaves[0]!.publish(TOPICS, RATE.leaf)]);
  return {
    ...{ first, second, gate, leaves },
    /** Resolves when so many more have been published in all. */
    goOn: (count: number) => Promise.all([peers.published(count * 0.9), leaves[0]!.published(count * 0.1)]),
    /** Stop publishing, and let all of it come. @returns What went wrong. */
    end: async (): Promise<string[]> => {
      published = Object.assign({}, ...(await Promise.all(publishers.map((crowd) => crowd.stop()))));
      return (await Promise.all(leaves.map((crowd) => crowd.hear(published)))).flat();
    },
  };
}

function report(what: string, figures: Readonly<Record<string, number>>): void {
  const text = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(0)}`);
  console.info(`${LEAVES} leaves, ${what}: ${text.join(", ")}`);
}

/** @param share 0.5 for the median. */
function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;
}

/** Most of them within so many ms. */
const busiest = (timesMs: readonly number[], withinMs: number): number =>
  Math.max(...timesMs.map((from) => timesMs.filter((ms) => ms >= from && ms < from + withinMs).length));

it("a gateway killed under its leaves: nothing is lost, doubled or out of order, whoever publishes", async () => {
  const { first, gate, leaves, goOn, end } = await lab();
  await goOn(1_000);
  const hit = await Promise.all(leaves.map((crowd) => crowd.countAt(first.url)));
  const killedAtMs = nowMs();
  const killed = first.process.kill("SIGKILL");
  gate.open();
  await killed;
  const recovered = leaves.map((crowd, index) => crowd.recovered(hit[index]!, killedAtMs));
  const times = (await Promise.all(recovered)).flat();
  await goOn(1_000);
  expect(await end()).toEqual([]);
  expect(times.length).toBeGreaterThan(0);
  report("ms from the kill to the first message after it", {
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    max: Math.max(...times),
  });
}, 300_000);

it("a leaf goes on from 500 messages ago at a gateway it never visited, whether that gateway had its topic or not", async () => {
  const MISSED = 500;
  const first = await startGateway([]);
  const second = await startGateway([first.listen]);
  const [here, there] = [await Gate.to(portOf(first.url)), await Gate.to(portOf(second.url), false)];
  const publisher = await Crowd.start({
    role: "peer",
    members: [{ name: "publisher", join: [first.listen], publishes: true }],
  });
  const join = [`http://127.0.0.1:${here.port}`, `http://127.0.0.1:${there.port}`];
  const moving = ["held there", "new there"].map((reads) => ({ name: `reads what is ${reads}`, join, reads }));
  const movers = await Crowd.start({ role: "leaf", members: moving });
  const resident = await Crowd.start({
    role: "leaf",
    members: [{ name: "resident", join: [second.url], reads: "held there" }],
  });
  const readers = [movers, resident];
  let published: Published = {};
  explain(readers, () => published);
  await Promise.all(readers.map((crowd) => crowd.listen()));
  await Promise.all([publisher.waitForSubscribers(["held there"], 2), publisher.waitForSubscribers(["new there"], 1)]);
  await publisher.publish(["held there", "new there"], 1_000);
  await publisher.published(1_000);
  here.shut();
  await movers.lost(2);
  await publisher.published(2 * MISSED);
  const openedAtMs = nowMs();
  there.open();
  const times = await movers.recovered(2, openedAtMs);
  await publisher.published(1_000);
  published = await publisher.stop();
  expect((await Promise.all(readers.map((crowd) => crowd.hear(published)))).flat()).toEqual([]);
  report("ms from the way to another gateway to the first of 500 messages", { max: Math.max(...times) });
}, 300_000);

/** Restart both, one after the other. @param options Of the gateways. @returns How often a leaf had no gateway at all. */
async function restartBoth(what: string, ...options: string[]): Promise<number> {
  const { first, second, gate, leaves, goOn, end } = await lab(...options);
  await goOn(500);
  const startedAtMs = nowMs();
  gate.open();
  for (const [old, other] of [
    [first, second],
    [second, first],
  ] as const) {
    expect(await old.process.kill("SIGTERM")).toBe(0);
    const anew = await startGateway([other.listen], String(portOf(old.url)), old.listen, ...options);
    await anew.process.logged("edge open");
    await goOn(500);
  }
  expect(await end()).toEqual([]);
  const dials = (await Promise.all(leaves.map((crowd) => crowd.dials()))).flat().filter((ms) => ms >= startedAtMs);
  const losses = (await Promise.all(leaves.map((crowd) => crowd.losses()))).flat();
  const stranded = (await Promise.all(leaves.map((crowd) => crowd.stranded()))).reduce((sum, count) => sum + count, 0);
  report(`both gateways restarted ${what}`, {
    "edges ended": losses.reduce((sum, count) => sum + count, 0),
    "times without any": stranded,
    dials: dials.length,
    "dials in the busiest second": busiest(dials, 1_000),
    "in the busiest tenth of a second": busiest(dials, 100),
    "ms in all": nowMs() - startedAtMs,
  });
  return stranded;
}

it("both gateways restarted in turn under traffic: leaves go to the other first, and nothing is lost or doubled", async () => {
  expect(await restartBoth("with their leaves moved first", "--drain", "60000")).toBe(0);
}, 300_000);

it("both gateways restarted in turn without moving their leaves: nothing is lost either", async () => {
  expect(await restartBoth("at once", "--drain", "0")).toBeGreaterThan(0);
}, 300_000);
