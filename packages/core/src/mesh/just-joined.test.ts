import { expect, it } from "vitest";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

it.each([1, 12, 30])(
  "who has just joined, %d at once, is answered by whomever it pings, several hops away",
  async (joining) => {
    await using mesh = new SimulatedMesh({ settle, delayMs: 5 });
    const target = await mesh.node("target");
    await mesh.node("middle", { join: ["target"] });
    await mesh.node("near", { join: ["middle"] });
    await mesh.run(2_000);
    const pings = Array.from({ length: joining }, async (_, i) => {
      const node = await mesh.node(`n${i}`, { join: ["near"] });
      await node.ready();
      return node.ping(target.id);
    });
    const answers = await mesh.until(Promise.allSettled(pings));
    expect(
      answers.filter(({ status }) => status === "rejected").map((r) => String((r as PromiseRejectedResult).reason)),
    ).toEqual([]);
  },
);
