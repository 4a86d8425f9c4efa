import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { MeshError, MeshNode } from "@chaski/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { ATTACKS } from "./attacks.fixture.ts";
import { numbers, Received, testGateway, testLeaf, testPeer } from "./gateway.fixture.ts";
import { FROM_SOURCE } from "./process.fixture.ts";
import type { Footprint, Introduction } from "./target.fixture.ts";

/** How many attacks the long run makes; `CHASKI_ATTACKS=1000 npm run unit -- bad-input --project node` for all of them. */
const ATTACK_COUNT = Number(process.env.CHASKI_ATTACKS ?? 100);
const AT_ONCE = 100;
const MOST_GROWTH_BYTES = 20e6;

/** Numbers from a peer through the gateway to a leaf, until stopped. */
async function flow(peer: MeshNode, url: string) {
  const leaf = await testLeaf(url);
  const received = new Received<number>(leaf, "steady");
  await Promise.all([received.ready, peer.waitForSubscribers("steady")]);
  let next = 0;
  const timer = setInterval(() => void peer.publish("steady", next++), 2);
  onTestFinished(() => clearInterval(timer));
  return {
    received,
    /** Everything published has arrived, once and in order. */
    async stop() {
      clearInterval(timer);
      await received.until(next);
      expect([received.data, received.gaps]).toEqual([numbers(next), []]);
    },
  };
}

describe("bad input on the WebSocket port", () => {
  it.each(ATTACKS)(
    "$name closes that one edge within 5 s, with a reason, and no other",
    { timeout: 15_000 },
    async (attack) => {
      const peer = await testPeer();
      const gateway = await testGateway({ join: [...peer.addresses] });
      const errors: MeshError[] = [];
      gateway.node.on("error", (error) => errors.push(error as MeshError));
      const steady = await flow(peer, gateway.url);
      const startedMs = performance.now();
      const edges = gateway.node.edges.map(({ peer: { id } }) => id);

      await attack.run({ url: gateway.url, id: gateway.node.id });

      expect(performance.now() - startedMs).toBeLessThan(5_000);
      expect(errors.map(({ code }) => code)).toEqual([expect.toBeOneOf([...attack.codes])]);
      expect(gateway.logged.filter(({ level }) => level !== "info")).toEqual([
        expect.objectContaining({
          fields: expect.objectContaining({ code: errors[0]!.code, detail: errors[0]!.message }),
        }),
      ]);
      await steady.stop();
      expect(gateway.node.edges.map(({ peer: { id } }) => id)).toEqual(edges);
    },
  );

  it(`${ATTACK_COUNT} attacks leave less than 20 MB and no descriptor`, {
    timeout: 20_000 + ATTACK_COUNT * 200,
  }, async () => {
    const peer = await testPeer();
    const target = new Target(peer.addresses[0]!);
    const { url, id } = await target.introduction;
    const steady = await flow(peer, url);
    const attack = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += AT_ONCE) {
        const batch = Array.from(
          { length: Math.min(AT_ONCE, count - done) },
          (_, i) => ATTACKS[(done + i) % ATTACKS.length]!,
        );
        await Promise.all(batch.map(({ run }) => run({ url, id })));
      }
    };
    await attack(AT_ONCE / 2); // code is compiled and pools are filled by the first ones
    const before = await target.footprint();
    await attack(ATTACK_COUNT);
    await expect.poll(async () => (await target.footprint()).descriptors).toBe(before.descriptors);
    const after = await target.footprint();
    console.log(
      `${ATTACK_COUNT} attacks: resident ${mb(before.residentBytes)} → ${mb(after.residentBytes)}, live ${mb(before.liveBytes)} → ${mb(after.liveBytes)}, descriptors ${before.descriptors} → ${after.descriptors}`,
    );
    expect(after.residentBytes - before.residentBytes).toBeLessThan(MOST_GROWTH_BYTES);
    expect(after.liveBytes - before.liveBytes).toBeLessThan(MOST_GROWTH_BYTES);
    expect(after.errors - before.errors).toBe(ATTACK_COUNT);
    await steady.stop();
  });
});

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** A gateway alone in its process, so that what is measured is its own. */
class Target {
  readonly introduction: Promise<Introduction>;
  readonly #child: ChildProcess;

  constructor(join: string) {
    const file = fileURLToPath(new URL("target.fixture.ts", import.meta.url));
    this.#child = fork(file, [join], { execArgv: ["--expose-gc", ...FROM_SOURCE] });
    this.introduction = this.#next<Introduction>();
    onTestFinished(async () => {
      this.#child.kill("SIGKILL");
      if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "exit");
    });
  }

  footprint(): Promise<Footprint> {
    const answer = this.#next<Footprint>();
    this.#child.send("footprint");
    return answer;
  }

  async #next<T>(): Promise<T> {
    return (await once(this.#child, "message"))[0];
  }
}
