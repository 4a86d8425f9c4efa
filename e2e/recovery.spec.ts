import type { Page } from "../demo/contract.ts";
import { expect, nameOf, test } from "./test.ts";

// A browser writes a dial that fails into the console by itself; nothing in the page can keep it from that.
test.use({
  unavoidable:
    /^WebSocket connection to 'ws:\/\/127\.0\.0\.1:\d+\/mesh' failed: Error .*: net::ERR_CONNECTION_(REFUSED|RESET)$/,
});

test("the page recovers by itself when its gateway is killed and started again", async ({ dashboard, mesh, peer }) => {
  const badge = dashboard.getByTestId("connection-badge");
  const cpu = dashboard.getByTestId("metric-cpu");
  const name = await nameOf(dashboard);
  await dashboard.evaluate(() => Object.assign(window, { stillTheSame: true }));

  for (let round = 0; round < 2; round++) {
    await mesh.killGateway();
    await expect(badge).toHaveAttribute("data-state", "offline");
    await expect(dashboard.getByTestId("connection-reason")).toBeVisible();
    await expect(dashboard.getByTestId("no-edge")).toBeVisible();
    // Old values stay, and say that they are old.
    await expect(dashboard.getByTestId("freshness-cpu")).toHaveAttribute("data-stale", "true");
    const last = Number(await cpu.getAttribute("data-sampled-at"));
    // A choice that could not be made is not shown as made.
    const sampling = dashboard.getByTestId("sampling");
    await sampling.getByText("1 s").click();
    await expect(dashboard.getByTestId("notice-text").last()).toContainText("The sampling interval did not change");
    await expect(sampling.getByLabel("250 ms")).toBeChecked();

    await mesh.startGateway();
    await expect(badge).toHaveAttribute("data-state", "online", { timeout: 30_000 });
    await expect.poll(async () => Number(await cpu.getAttribute("data-sampled-at"))).toBeGreaterThan(last);
    await expect(dashboard.getByTestId("freshness-cpu")).toHaveAttribute("data-stale", "false");
    await expect(dashboard.getByTestId("inspector-missed")).toHaveText("0 missed");
  }

  const page = peer.remote<Page>("page", { node: name });
  await expect.poll(() => page.showNotice("back again").catch(({ code }) => code)).toBe(`${name} shows it, thank you`);
  await dashboard.getByTestId("greet").click();
  await expect(dashboard.getByTestId("rmi-state")).toHaveAttribute("data-phase", "answered");
  expect(await dashboard.evaluate(() => "stillTheSame" in window)).toBe(true);
  expect(await nameOf(dashboard)).toBe(name);
});
