/** Tabs that share one WebSocket through a SharedWorker, in a Chromium of our own with a real gateway. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test as base, expect } from "@playwright/test";
import { MESH } from "../demo/contract.ts";
import { root } from "../scripts/run.mjs";
import { BUILT_LIFE_PAGE, BUILT_SHARED_PAGE } from "./build-page.ts";
import { startGateway } from "./demo-mesh.ts";
import { LifeMesh } from "./life/life-mesh.ts";
import { LifeTab } from "./life/life-page.ts";
import { OwnChromium } from "./life/own-chromium.ts";

const ASLEEP_MS = Number(process.env.CHASKI_ASLEEP_SECONDS ?? 5) * 1_000;
const HIDDEN_MS = 2_000;
/** A hub takes 15 s, its tabs 6; a busy machine adds to it. */
const NOTICED_MS = 25_000;

interface Fixtures {
  /** Of the gateway's and the peer's log. */
  readonly logBytes: number | undefined;
  readonly mesh: LifeMesh;
  /** A tab of that name. */
  readonly open: (name: string, more?: string) => Promise<LifeTab>;
}

const test = base.extend<Fixtures, { readonly own: OwnChromium }>({
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
  open: async ({ own, mesh }, use) => {
    await use((name, more = "") => LifeTab.open(own, `${mesh.url}/?shared&name=${name}${more}`));
    for (const page of own.context.pages()) await page.close();
    await expect.poll(() => mesh.leaves(), { timeout: NOTICED_MS }).toEqual([]);
  },
});

test.setTimeout(90_000 + 3 * ASLEEP_MS);

/** Everything from its first message on has come, once and in order, and nobody was told that anything is missing. */
async function expectAll(tabs: readonly LifeTab[], mesh: LifeMesh): Promise<void> {
  mesh.pause();
  for (const tab of tabs) {
    await expect.poll(async () => (await tab.diary()).data.at(-1)).toBe(mesh.published - 1);
    const { data, gaps } = await tab.diary();
    expect([data, gaps]).toEqual([data.map((_, index) => data[0]! + index), []]);
  }
}

test("three tabs have one WebSocket, and closing any of them disturbs no other", async ({ mesh, open }) => {
  const first = await open("first");
  mesh.stream();
  const [second, third] = [await open("second"), await open("third")];
  expect(mesh.leaves().sort()).toEqual(["first", "second", "third"]);
  expect(mesh.webSockets()).toBe(1);
  expect(await Promise.all([first, second, third].map((tab) => tab.transports()))).toEqual([
    ["port"],
    ["port"],
    ["port"],
  ]);
  await mesh.streamed(1_000);
  expect(await first.askName(await third.id())).toBe("third");
  await second.send(await third.id(), "to the third");
  expect([await first.sent(), await third.sent()]).toEqual([[], ["to the third"]]);
  await second.publish("from the second");
  await expect.poll(() => mesh.heard).toEqual(["from the second"]);

  await first.page.close();
  await expect.poll(() => mesh.leaves().sort(), { timeout: 5_000 }).toEqual(["second", "third"]);
  await mesh.streamed(1_000);
  const fourth = await open("fourth");
  await third.page.close();
  await expect.poll(() => mesh.leaves().sort(), { timeout: 5_000 }).toEqual(["fourth", "second"]);
  await mesh.streamed(1_000);
  expect(mesh.webSockets()).toBe(1);
  await expectAll([second, fourth], mesh);
  expect([(await second.diary()).states, (await fourth.diary()).states]).toEqual([[], []]);
});

test("a tab that crashes is noticed, and the others go on; also when the hub ran in its process", async ({
  mesh,
  open,
}) => {
  const tabs = [await open("first"), await open("second"), await open("third")] as const;
  const [first, second, third] = tabs;
  mesh.stream();
  const renderers = await Promise.all([await first.renderer(), await second.renderer(), await third.renderer()]);
  expect(new Set(renderers).size).toBe(3);
  process.kill(renderers[2], "SIGKILL");
  await expect.poll(() => mesh.leaves().sort(), { timeout: NOTICED_MS }).toEqual(["first", "second"]);
  await mesh.streamed(1_000);
  await expectAll([first, second], mesh);
  process.kill(renderers[0], "SIGKILL");
  await mesh.streamed(1_000);
  await expect.poll(() => mesh.leaves(), { timeout: NOTICED_MS }).toEqual(["second"]);
  await mesh.streamed(1_000);
  await expectAll([second], mesh);
});

test("a duplicated tab does not fight with its twin", async ({ own, mesh, open }) => {
  const tab = await open("twin");
  await tab.page.evaluate(() => sessionStorage.setItem("of", "the first"));
  mesh.stream();
  const [opened] = await Promise.all([
    own.context.waitForEvent("page"),
    tab.page.evaluate(() => void window.open(location.href)),
  ]);
  const twin = await LifeTab.of(own, opened);
  expect(await twin.page.evaluate(() => sessionStorage.getItem("of"))).toBe("the first");
  expect(await twin.id()).not.toBe(await tab.id());
  expect([mesh.leaves(), mesh.webSockets()]).toEqual([["twin", "twin"], 1]);
  await mesh.streamed(1_000);
  await tab.send(await twin.id(), "to my twin");
  expect([await tab.sent(), await twin.sent()]).toEqual([[], ["to my twin"]]);
  await expectAll([tab, twin], mesh);
  expect([(await tab.diary()).states, (await twin.diary()).states]).toEqual([[], []]);
});

test("a gateway is killed and comes back: all tabs go on, over one WebSocket", async ({ own }) => {
  // Imported here, in the worker: Playwright's main process lists the specs without our source condition.
  const { createNode } = await import("@chaski/node-transport");
  await using peer = await createNode({ name: "peer", mesh: MESH, listen: ["tcp://127.0.0.1:0"] });
  const heard: unknown[] = [];
  await peer.subscribe("up", {}, ({ data }) => void heard.push(data)).ready;
  const joins = ["--join", ...peer.addresses];
  let gateway = startGateway("0", joins, BUILT_LIFE_PAGE);
  const url = await gateway.address;
  const tabs: LifeTab[] = [];
  for (const name of ["first", "second", "third"]) {
    tabs.push(await LifeTab.open(own, `${url}/?shared&mesh=${MESH}&name=${name}`));
  }
  const count = 1_000;
  let published = 0;
  const timer = setInterval(() => void (published < count && peer.publish("down", published++)), 5);
  using _ = { [Symbol.dispose]: () => clearInterval(timer) };
  await expect.poll(() => published).toBeGreaterThan(200);
  await gateway.stop("SIGKILL");
  for (const tab of tabs) await expect.poll(() => tab.state()).not.toBe("online");
  await tabs[1]!.publish("meanwhile");
  gateway = startGateway(new URL(url).port, joins, BUILT_LIFE_PAGE);
  await gateway.address;
  for (const tab of tabs) await expect.poll(() => tab.state(), { timeout: 30_000 }).toBe("online");
  await expect.poll(() => published).toBe(count);
  for (const tab of tabs) {
    await expect.poll(async () => (await tab.diary()).data.length).toBe(count);
    const { data, gaps } = await tab.diary();
    expect([data, gaps]).toEqual([data.map((_, index) => index), []]);
    expect(await tab.transports()).toEqual(["port"]);
  }
  await expect.poll(() => heard).toEqual(["meanwhile"]);
  for (const { page } of tabs) await page.close();
  await gateway.stop();
});

test("a page that is left and come back to goes on, where another tab keeps the SharedWorker", async ({
  mesh,
  open,
}) => {
  const [other, left] = [await open("other"), await open("left")];
  await mesh.streamed(500);
  const url = left.page.url();
  await left.page.goto(`${mesh.url}/health`);
  await expect.poll(() => mesh.leaves()).toEqual(["other"]);
  await mesh.streamed(1_000);
  await left.page.evaluate(() => history.back());
  await expect.poll(() => left.page.url()).toBe(url);
  await mesh.streamed(500);
  await expectAll([left, other], mesh);
  const shown = { name: "pageshow", atMs: expect.any(Number), persisted: true };
  expect((await left.diary()).events).toContainEqual(shown);
  expect(mesh.webSockets()).toBe(1);
});

test("a frozen tab hurts nobody, and goes on", async ({ mesh, open }) => {
  const [frozen, other] = [await open("frozen"), await open("other")];
  await mesh.streamed(HIDDEN_MS);
  await frozen.freeze();
  await mesh.streamed(ASLEEP_MS);
  expect((await other.diary()).states).toEqual([]);
  await frozen.thaw();
  await mesh.streamed(500);
  await expectAll([frozen, other], mesh);
  const { events, ticksAtMs } = await frozen.diary();
  const [fromMs, toMs] = ["freeze", "resume"].map((name) => events.findLast((event) => event.name === name)!.atMs);
  expect(toMs! - fromMs!).toBeGreaterThan(0.8 * ASLEEP_MS);
  expect(ticksAtMs.filter((atMs) => atMs > fromMs! && atMs < toMs!)).toEqual([]);
  expect(mesh.webSockets()).toBe(1);
});

test.describe("with a log that holds little", () => {
  test.use({ logBytes: 64 * 1024 });

  test("a frozen tab is told of one gap, and the other of none", async ({ mesh, open }) => {
    const [frozen, other] = [await open("frozen"), await open("other")];
    await mesh.streamed(HIDDEN_MS);
    await frozen.freeze();
    for (let burst = 0; burst < 60; burst++) {
      mesh.burst(500);
      await mesh.streamed(50);
    }
    await frozen.thaw();
    await mesh.streamed(500);
    await expectAll([other], mesh);
    await expect.poll(async () => (await frozen.diary()).data.at(-1)).toBe(mesh.published - 1);
    const { data, gaps } = await frozen.diary();
    expect(gaps).toEqual([{ from: expect.any(Number), to: expect.any(Number), reason: "forgotten" }]);
    const { from, to } = gaps[0]!;
    expect(data.length).toBe(mesh.published - data[0]! - (to - from + 1));
  });
});

test("the README's example runs as it stands", async ({ own }) => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  for (const file of ["hub.ts", "page.ts"]) {
    expect(readme).toContain(`\`\`\`ts\n${await readFile(join(root, "e2e", "shared", file), "utf8")}\`\`\``);
  }
  const { createGateway } = await import("@chaski/gateway");
  await using gateway = await createGateway({ http: { port: 0 }, static: BUILT_SHARED_PAGE });
  const pages = [await own.context.newPage(), await own.context.newPage()];
  for (const page of pages) await page.goto(gateway.url);
  await gateway.node.waitForSubscribers("lab/temperature", { count: 2, timeoutMs: 10_000 });
  await gateway.node.publish("lab/temperature", { celsius: 21.5 });
  for (const page of pages) await expect(page.locator("body")).toContainText('{"celsius":21.5}');
  expect(new Set(gateway.node.edges.map(({ address }) => new URL(address).host)).size).toBe(1);
  for (const page of pages) await page.close();
});

test("without SharedWorker every tab has a WebSocket of its own", async ({ mesh, open }) => {
  const tabs = [await open("first", "&no-shared-worker"), await open("second", "&no-shared-worker")];
  expect(await Promise.all(tabs.map((tab) => tab.transports()))).toEqual([["ws"], ["ws"]]);
  expect(mesh.webSockets()).toBe(2);
  await mesh.streamed(1_000);
  await expectAll(tabs, mesh);
});
