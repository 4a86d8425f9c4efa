import { expect, it } from "vitest";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

it("a leaf with nothing to hear or say keeps its edge, on a slow network", async () => {
  let delayMs = 0;
  await using mesh = new SimulatedMesh({ settle, delayMs: () => (delayMs = (delayMs + 333) % 700) });
  await mesh.node("gateway", { role: "gateway" });
  const leaf = await mesh.node("leaf", { role: "leaf", join: ["gateway"] });
  await mesh.until(leaf.ready());
  const closed: unknown[] = [];
  leaf.on("edgeclose", ({ error }) => void closed.push(error));
  await mesh.run(30 * 60_000);
  expect(closed).toEqual([]);
});
