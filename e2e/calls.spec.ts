import { hostname } from "node:os";
import type { Page as BrowserPage } from "@playwright/test";
import type { CpuSample, Page, Sampler } from "../demo/contract.ts";
import { expect, nameOf, test } from "./test.ts";

async function call(dashboard: BrowserPage, object: string, method: string, args: string, node = ""): Promise<void> {
  await dashboard.getByTestId("rmi-object").fill(object);
  await dashboard.getByTestId("rmi-method").fill(method);
  await dashboard.getByTestId("rmi-arguments").fill(args);
  await dashboard.getByTestId("rmi-node").fill(node);
  await dashboard.getByTestId("rmi-call").click();
}

test.describe("a call from the page", () => {
  test("is answered by the process, with its time", async ({ dashboard }) => {
    await call(dashboard, "machine", "details", "");
    await expect(dashboard.getByTestId("rmi-state")).toHaveAttribute("data-phase", "answered");
    await expect(dashboard.getByTestId("rmi-result")).toContainText(hostname());
    const tookMs = Number(await dashboard.getByTestId("rmi-timing").getAttribute("data-value"));
    expect(tookMs).toBeGreaterThan(0);
    expect(tookMs).toBeLessThan(10_000);
  });

  test("carries bytes there and back", async ({ dashboard }) => {
    await call(dashboard, "machine", "echo", '{ "$bytes": 65536 }');
    await expect(dashboard.getByTestId("rmi-result")).toContainText(/65[,. ]?536/);
  });

  test("that fails shows the remote's own error", async ({ dashboard }) => {
    await call(dashboard, "machine", "topProcesses", "0");
    await expect(dashboard.getByTestId("rmi-error-code")).toHaveText("remote-error");
    await expect(dashboard.getByTestId("rmi-error")).toContainText("count must be a whole number from 1 to 100");
    await call(dashboard, "nobody", "home", "");
    await expect(dashboard.getByTestId("rmi-error-code")).toHaveText("no-responder");
  });

  test("changes the pace at which another process samples", async ({ dashboard, peer }) => {
    let intervalMs = 0;
    using cpu = peer.subscribe<CpuSample>("machine/cpu", {}, ({ data }) => void (intervalMs = data.intervalMs));
    await cpu.ready;
    await dashboard.getByTestId("sampling").getByText("500 ms").click();
    await expect.poll(() => intervalMs).toBe(500);
    await expect(dashboard.getByTestId("sampling").getByLabel("500 ms")).toBeChecked();
    await peer.remote<Sampler>("sampler").setInterval(250);
    await expect(dashboard.getByTestId("sampling").getByLabel("250 ms")).toBeChecked();
  });
});

test.describe("a call into the page", () => {
  test("from a peer shows a notice and is answered", async ({ dashboard, peer }) => {
    const name = await nameOf(dashboard);
    const page = peer.remote<Page>("page", { node: name });
    await expect.poll(() => peer.services().map(({ ownerName }) => ownerName)).toContain(name);
    expect(await page.showNotice("the end-to-end test says hello")).toBe(`${name} shows it, thank you`);
    await expect(dashboard.getByTestId("notice-text")).toHaveText("the end-to-end test says hello");
    expect(await page.describe()).toMatchObject({ name, title: await dashboard.title() });
    await expect(page.showNotice("")).rejects.toMatchObject({ code: "remote-error", remote: { name: "RangeError" } });
    await dashboard.getByRole("button", { name: "Dismiss this notice" }).click();
    await expect(dashboard.getByTestId("notice")).toHaveCount(0);
  });

  test("comes from the process that the page asked", async ({ dashboard }) => {
    const name = await nameOf(dashboard);
    await dashboard.getByTestId("greet").click();
    await expect(dashboard.getByTestId("rmi-state")).toContainText(`${name} shows it, thank you`);
    await expect(dashboard.getByTestId("notice-text")).toHaveText(`Hello ${name}, this is the machine calling`);
  });
});
