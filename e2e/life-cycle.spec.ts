/**
 * What really happens to pages, in a Chromium of our own with a real gateway: each goes on without a reload, and misses
 * nothing. `CHASKI_ASLEEP_SECONDS=90 npm run e2e -- life-cycle` lets them sleep longer than the 5 s of `npm test`.
 */
import { test as base, expect } from "@playwright/test";
import { BUILT_LIFE_PAGE } from "./build-page.ts";
import { LifeMesh } from "./life/life-mesh.ts";
import { LifeTab } from "./life/life-page.ts";
import { OwnChromium } from "./life/own-chromium.ts";
import type { Diary } from "./life/page.ts";

const ASLEEP_MS = Number(process.env.CHASKI_ASLEEP_SECONDS ?? 5) * 1_000;
/** A tab is not frozen at once when it is hidden. */
const HIDDEN_MS = 2_000;
/** Beside the 3 s that are given: what timers and a busy machine add. */
const MARGIN_MS = 1_000;

interface Fixtures {
  /** Of the gateway's and the peer's log. */
  readonly logBytes: number | undefined;
  readonly mesh: LifeMesh;
  readonly browser: OwnChromium;
  readonly tab: LifeTab;
}

const test = base.extend<Omit<Fixtures, "browser">, { readonly own: OwnChromium }>({
  own: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern
    async ({}, use) => {
      const own = await OwnChromium.launch();
      await use(own);
      await own.close();
    },
    { scope: "worker" },
  ],
  logBytes: [undefined, { option: true }],
  mesh: async ({ logBytes }, use) => {
    const mesh = await LifeMesh.start(BUILT_LIFE_PAGE, logBytes);
    await use(mesh);
    await mesh.stop();
  },
  tab: async ({ own, mesh }, use) => {
    const tab = await LifeTab.open(own, mesh.url);
    await mesh.streamed(500);
    await use(tab);
    await own.context.setOffline(false);
    await tab.page.close();
  },
});

test.setTimeout(60_000 + 3 * ASLEEP_MS);

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

/** Everything that was published has come, once and in order; and the page has never been another. */
async function expectAll(tab: LifeTab, mesh: LifeMesh): Promise<Diary> {
  mesh.pause();
  await expect.poll(async () => (await tab.diary()).data.length).toBe(mesh.published);
  const diary = await tab.diary();
  expect([diary.data, diary.gaps]).toEqual([numbers(0, mesh.published), []]);
  return diary;
}

/** The page can be heard, and was never given up. */
async function expectHeard(tab: LifeTab, mesh: LifeMesh): Promise<void> {
  await tab.publish("after");
  await expect.poll(() => mesh.heard).toEqual(["before", "after"]);
  expect(mesh.gaps).toEqual([]);
}

const lastOf = ({ events }: Diary, name: string): number => events.findLast((event) => event.name === name)!.atMs;
/** How long after `atMs` something came again. */
const wentOnAfter = ({ cameAtMs }: Diary, atMs: number): number => cameAtMs.find((cameAtMs) => cameAtMs > atMs)! - atMs;
const longestPause = ({ ticksAtMs }: Diary): number =>
  Math.max(...ticksAtMs.slice(1).map((atMs, index) => atMs - ticksAtMs[index]!));

function figure(what: string, ms: number): void {
  test.info().annotations.push({ type: what, description: `${Math.round(ms)} ms` });
  console.log(`${what}: ${Math.round(ms)} ms`);
}

test("a tab in the background that is frozen", async ({ tab, mesh }) => {
  await tab.publish("before");
  await tab.hide();
  await mesh.streamed(HIDDEN_MS);
  await tab.freeze();
  await mesh.streamed(ASLEEP_MS);
  await tab.thaw();
  await mesh.streamed(500);
  const diary = await expectAll(tab, mesh);
  expect(diary.events.map(({ name }) => name)).toEqual(expect.arrayContaining(["hidden", "freeze", "resume"]));
  const [fromMs, toMs] = [lastOf(diary, "freeze"), lastOf(diary, "resume")];
  expect(toMs - fromMs).toBeGreaterThan(0.8 * ASLEEP_MS);
  expect(diary.ticksAtMs.filter((atMs) => atMs > fromMs && atMs < toMs)).toEqual([]);
  figure("frozen: went on after", wentOnAfter(diary, lastOf(diary, "resume")));
  await tab.show();
  await expectHeard(tab, mesh);
});

test.describe("with a log that holds little", () => {
  test.use({ logBytes: 64 * 1024 });

  test("a frozen tab hears one gap, and goes on behind it", async ({ tab, mesh }) => {
    await tab.hide();
    await mesh.streamed(HIDDEN_MS);
    await tab.freeze();
    mesh.pause();
    mesh.burst(5_000);
    await mesh.streamed(ASLEEP_MS);
    await tab.thaw();
    await mesh.streamed(500);
    mesh.pause();
    await expect.poll(async () => (await tab.diary()).data.at(-1)).toBe(mesh.published - 1);
    const { data, gaps } = await tab.diary();
    expect(gaps).toEqual([{ from: expect.any(Number), to: expect.any(Number), reason: "forgotten" }]);
    const { from, to } = gaps[0]!;
    expect(data).toEqual([...numbers(0, from - 1), ...numbers(to, mesh.published)]);
  });
});

test("a laptop that sleeps", async ({ own, tab, mesh }) => {
  await tab.publish("before");
  await own.stopPages();
  await mesh.streamed(ASLEEP_MS);
  own.continuePages();
  await mesh.streamed(500);
  const diary = await expectAll(tab, mesh);
  expect(longestPause(diary)).toBeGreaterThan(0.8 * ASLEEP_MS);
  await expectHeard(tab, mesh);
});

test("a page that is left and come back to", async ({ tab, mesh }) => {
  await tab.publish("before");
  await tab.page.goto(`${mesh.url}/health`);
  await expect.poll(() => mesh.leaves()).toEqual([]);
  await mesh.streamed(ASLEEP_MS);
  await tab.page.evaluate(() => history.back());
  await expect.poll(() => tab.page.url()).toBe(`${mesh.url}/`);
  await mesh.streamed(500);
  const diary = await expectAll(tab, mesh);
  expect(diary.events).toContainEqual({ name: "pageshow", atMs: expect.any(Number), persisted: true });
  figure("shown again: went on after", wentOnAfter(diary, lastOf(diary, "pageshow")));
  await expectHeard(tab, mesh);
});

test("a network that goes away and comes back", async ({ own, tab, mesh }) => {
  await tab.publish("before");
  await own.context.setOffline(true);
  await mesh.streamed(ASLEEP_MS);
  await expect.poll(async () => (await tab.diary()).states.at(-1)?.state).toBe("offline");
  await own.context.setOffline(false);
  await mesh.streamed(500);
  const diary = await expectAll(tab, mesh);
  const wentMs = lastOf(diary, "offline");
  const noticedAtMs = diary.states[0]!.atMs;
  // What was under way still comes.
  const noticedMs = noticedAtMs - Math.max(wentMs, diary.cameAtMs.findLast((atMs) => atMs < noticedAtMs)!);
  figure("offline: noticed after", noticedAtMs - wentMs);
  figure("offline: noticed after a silence of", noticedMs);
  expect(noticedMs).toBeLessThan(3_000 + MARGIN_MS);
  const back = diary.states.at(-1)!;
  expect([diary.states[0]!.state, back.state]).toEqual(["offline", "online"]);
  figure("online again: back after", back.atMs - lastOf(diary, "online"));
  await expectHeard(tab, mesh);
});

test("a hidden tab that lives keeps its edge", async ({ tab, mesh }) => {
  await tab.publish("before");
  await tab.hide();
  await mesh.streamed(ASLEEP_MS);
  const diary = await expectAll(tab, mesh);
  expect(diary.states).toEqual([]);
  expect(mesh.leaves()).toEqual(["page"]);
  await expectHeard(tab, mesh);
});
