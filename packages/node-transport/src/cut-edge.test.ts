/** Three nodes in a chain over real TCP; the edge to the subscriber is cut and comes back, under traffic. */
import { expect, it } from "vitest";
import { createNode } from "./index.ts";
import { openSockets, turns, wireTo } from "./testing/index.ts";

const CUTS = 10;
const BURST = 500;

it("a subscriber two hops away loses, doubles and reorders nothing while its edge is cut ten times", async () => {
  const socketsBefore = openSockets();
  {
    await using origin = await createNode({ name: "origin", listen: ["tcp://127.0.0.1:0"] });
    await using middle = await createNode({ name: "middle", listen: ["tcp://127.0.0.1:0"], join: origin.addresses });
    await using wire = await wireTo(middle.addresses[0]!);
    await using far = await createNode({ name: "far", join: [wire.address] });
    const received: number[] = [];
    const gaps: unknown[] = [];
    let waiting: { count: number; done(): void } | undefined;
    const receivedAtLeast = (count: number): Promise<void> =>
      new Promise((done) => {
        waiting = { count, done };
        if (received.length >= count) done();
      });
    const subscription = far.subscribe<number>("count", {}, ({ data }) => {
      received.push(data);
      if (waiting && received.length >= waiting.count) waiting.done();
    });
    subscription.on("gap", (gap) => gaps.push(gap));
    await Promise.all([subscription.ready, origin.waitForSubscribers("count", { timeoutMs: 10_000 })]);

    let published = 0;
    for (let cut = 0; cut < CUTS; cut++) {
      for (let i = 0; i < BURST; i++) await origin.publish("count", published++);
      // In the middle of the burst's arrival, so that something is on its way.
      await receivedAtLeast(published - BURST + 1);
      const lost = new Promise<void>((resolve) => {
        const off = far.on("edgeclose", () => {
          off[Symbol.dispose]();
          resolve();
        });
      });
      wire.cut();
      for (let i = 0; i < BURST; i++) await origin.publish("count", published++);
      await lost;
      for (let i = 0; i < BURST; i++) await origin.publish("count", published++);
    }
    await receivedAtLeast(published);

    expect(published).toBe(CUTS * BURST * 3);
    expect(gaps).toEqual([]);
    expect(received).toEqual(Array.from({ length: published }, (_, i) => i));
    expect(middle.status().counters.gaps).toBe(0);
  }
  await turns();
  expect(openSockets()).toBe(socketsBefore);
}, 60_000);
