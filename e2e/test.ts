/** What every spec gets: the demo's processes, a peer of its own beside them, and a dashboard that must not complain. */

import type { MeshNode } from "@chaski/node-transport";
import { test as base, expect, type Page } from "@playwright/test";
import { MESH } from "../demo/contract.ts";
import { DemoMesh } from "./demo-mesh.ts";

interface WorkerFixtures {
  /** The demo's processes, the same for all specs of a worker. */
  readonly mesh: DemoMesh;
  /** A peer in the test's own process, joined over TCP: it sees what the processes publish, and calls them and the page. */
  readonly peer: MeshNode;
}

interface TestFixtures {
  /** Console errors that must be let through, because a browser writes them by itself. */
  readonly unavoidable: RegExp | undefined;
  /** The dashboard, open and live. What its console calls an error, or an exception nobody caught, fails the test. */
  readonly dashboard: Page;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  mesh: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern
    async ({}, use) => {
      const mesh = await DemoMesh.start();
      await use(mesh);
      await mesh.stop();
    },
    { scope: "worker" },
  ],

  peer: [
    async ({ mesh }, use) => {
      // Imported here, in the worker: Playwright's main process lists the specs without our source condition.
      const { createNode } = await import("@chaski/node-transport");
      const peer = await createNode({ name: "e2e", mesh: MESH, join: [mesh.metricsAddress] });
      await peer.ready({ timeoutMs: 10_000 });
      await use(peer);
      await peer.close();
    },
    { scope: "worker" },
  ],

  unavoidable: [undefined, { option: true }],

  dashboard: async ({ mesh, page, unavoidable }, use) => {
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(`uncaught: ${error.stack ?? error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !unavoidable?.test(message.text())) complaints.push(message.text());
    });
    await page.goto(mesh.url);
    await expect(page.getByTestId("connection-badge")).toHaveAttribute("data-state", "online");
    await expect(page.getByTestId("metric-cpu")).toHaveAttribute("data-sampled-at", /^\d+$/);
    await use(page);
    expect(complaints, "errors in the console").toEqual([]);
  },
});

export { expect };

/** The name of the node that a dashboard is. */
export async function nameOf(dashboard: Page): Promise<string> {
  return (await dashboard.getByTestId("page-name").textContent())!;
}
