import type { Page } from "@playwright/test";
import type { CpuSample, LoadSample, MemorySample, NetworkSample, ProcessesSample } from "../demo/contract.ts";
import { expect, test } from "./test.ts";

/** How many different samples of a metric must have been shown, each exactly as it was published. */
const CHANGES = 8;

type Shown = Readonly<Record<string, { readonly sampledAt: number; readonly value: number }>>;

/** Everything the page shows at one instant, by test id. */
function shownBy(dashboard: Page): Promise<Shown> {
  return dashboard.evaluate(() => {
    const readings = document.querySelectorAll<HTMLElement>("[data-testid^='metric-'][data-sampled-at]");
    return Object.fromEntries(
      [...readings].map(({ dataset }) => [
        dataset.testid!,
        { sampledAt: Number(dataset.sampledAt), value: Number(dataset.value) },
      ]),
    );
  });
}

test("every metric appears, changes, and is what the process published", async ({ dashboard, peer }) => {
  const published = new Map<string, number>();
  const note = (testId: string, sampledAt: number, value: number) => published.set(`${testId} ${sampledAt}`, value);
  using cpu = peer.subscribe<CpuSample>(
    "machine/cpu",
    {},
    ({ data }) => void note("metric-cpu", data.sampledAt, data.percent),
  );
  using memory = peer.subscribe<MemorySample>(
    "machine/memory",
    {},
    ({ data }) => void note("metric-memory", data.sampledAt, data.usedBytes),
  );
  using load = peer.subscribe<LoadSample>(
    "machine/load",
    {},
    ({ data }) => void note("metric-load", data.sampledAt, data.oneMinute),
  );
  using network = peer.subscribe<NetworkSample>("machine/network", {}, ({ data }) => {
    note("metric-network-in", data.sampledAt, data.inBytesPerSecond);
    note("metric-network-out", data.sampledAt, data.outBytesPerSecond);
  });
  using processes = peer.subscribe<ProcessesSample>(
    "machine/processes",
    {},
    ({ data }) => void note("metric-processes", data.sampledAt, data.count),
  );
  await Promise.all([cpu, memory, load, network, processes].map(({ ready }) => ready));

  // What was shown before the peer subscribed cannot be compared.
  const since = Date.now();
  const seen = new Map<string, Map<number, number>>();
  const look = async (): Promise<Record<string, number>> => {
    for (const [testId, { sampledAt, value }] of Object.entries(await shownBy(dashboard))) {
      if (sampledAt < since) continue;
      if (!seen.has(testId)) seen.set(testId, new Map());
      seen.get(testId)!.set(sampledAt, value);
    }
    return Object.fromEntries([...seen].map(([testId, samples]) => [testId, Math.min(samples.size, CHANGES)]));
  };
  await expect.poll(look, { intervals: [50], timeout: 30_000 }).toMatchObject({
    "metric-cpu": CHANGES,
    "metric-memory": CHANGES,
    "metric-load": CHANGES,
    "metric-network-in": CHANGES,
    "metric-network-out": CHANGES,
  });
  await expect.poll(look, { timeout: 30_000 }).toHaveProperty("metric-processes");

  const shown = [...seen].flatMap(([testId, samples]) =>
    [...samples].map(([sampledAt, value]) => [`${testId} ${sampledAt}`, value] as const),
  );
  await expect.poll(() => shown.filter(([sample]) => !published.has(sample))).toEqual([]);
  expect(shown).toEqual(shown.map(([sample]) => [sample, published.get(sample)]));
});

test("each core is shown as it was published", async ({ dashboard, peer }) => {
  const published = new Map<number, readonly number[]>();
  using cpu = peer.subscribe<CpuSample>(
    "machine/cpu",
    {},
    ({ data }) => void published.set(data.sampledAt, data.cores),
  );
  await cpu.ready;
  const since = Date.now();
  const look = () =>
    dashboard.evaluate(() => ({
      sampledAt: Number(document.querySelector<HTMLElement>("[data-testid=metric-cpu]")!.dataset.sampledAt),
      cores: [...document.querySelectorAll<HTMLElement>("[data-testid^=metric-core-]")].map(({ dataset }) =>
        Number(dataset.value),
      ),
    }));
  let shown = await look();
  await expect.poll(async () => (shown = await look()).sampledAt).toBeGreaterThan(since);
  await expect.poll(() => published.get(shown.sampledAt)).toEqual(shown.cores);
});

test("the charts move", async ({ dashboard }) => {
  const drawn = () =>
    dashboard.evaluate(() => [...document.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()));
  const before = await drawn();
  expect(before.length).toBeGreaterThanOrEqual(5);
  await expect
    .poll(async () => (await drawn()).every((picture, chart) => picture !== before[chart]), { timeout: 15_000 })
    .toBe(true);
});

test("the inspector counts what arrives, shows it, and misses nothing", async ({ dashboard }) => {
  const row = dashboard.locator("[data-testid=inspector-row][data-topic='machine/cpu']");
  const count = async () => Number((await row.getByTestId("inspector-count").textContent())!.replaceAll(",", ""));
  const before = await count();
  await expect.poll(count).toBeGreaterThan(before + 5);
  await expect
    .poll(async () => Number(await row.getByTestId("inspector-rate").getAttribute("data-value")))
    .toBeGreaterThan(1);
  await row.getByRole("button", { name: "machine/cpu" }).click();
  await expect(dashboard.getByTestId("inspector-entry").first()).toContainText('"percent"');
  await expect(dashboard.getByTestId("inspector-missed")).toHaveText("0 missed");
});

test("the mesh card shows this page's edge and the peers behind it, each with its round trip", async ({
  dashboard,
}) => {
  const number = /^\d+(\.\d+)?$/;
  await expect(dashboard.getByTestId("edge-row")).toHaveAttribute("data-node", "gateway");
  await expect(dashboard.getByTestId("edge-row")).toHaveAttribute("data-latency-ms", number);
  for (const name of ["metrics", "machine"]) {
    const row = dashboard.locator(`[data-testid=reached-row][data-node=${name}]`);
    await expect(row).toHaveAttribute("data-latency-ms", number);
  }
});
