import type { Gap, MeshError } from "@chaski/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { attackedNode, countingFrom, steadyReader } from "./attacked-node.fixture.ts";
import { AttackedProcess, mb } from "./attacked-process.fixture.ts";
import { frame, Type, text, u64 } from "./by-hand.fixture.ts";
import { CONTROL_ATTACKS } from "./control-attacks.fixture.ts";
import { HostilePeer } from "./hostile-peer.fixture.ts";
import { parseTcpAddress } from "./tcp-address.ts";
import { TCP_ATTACKS } from "./tcp-attacks.fixture.ts";
import { openSockets } from "./testing/index.ts";

const ATTACKS = [...TCP_ATTACKS, ...CONTROL_ATTACKS];

/** How many attacks the long run makes; `CHASKI_ATTACKS=1000 npm run unit -- bad-input --project node` for all of them. */
const ATTACK_COUNT = Number(process.env.CHASKI_ATTACKS ?? 100);
const AT_ONCE = 50;
const MOST_GROWTH_BYTES = 20e6;

/** The next thing a node reports. */
const nextError = (node: { on(name: "error", listener: (error: unknown) => void): Disposable }) =>
  new Promise<MeshError>((resolve) => {
    const off = node.on("error", (error) => {
      off[Symbol.dispose]();
      resolve(error as MeshError);
    });
  });

describe("bad input on the TCP port", () => {
  it.each(ATTACKS)(
    "$name closes that one edge within 5 s, with a reason, and no other",
    { timeout: 15_000 },
    async (attack) => {
      const attacked = await attackedNode();
      attacked.node.subscribe("attack/*", {}, () => {});
      const steady = await steadyReader(attacked.address);
      const edges = attacked.node.edges.map(({ peer }) => peer.name);
      const startedMs = performance.now();

      await attack.run({ ...attacked, neighbour: steady.node.id });

      expect(performance.now() - startedMs).toBeLessThan(5_000);
      expect(attacked.errors.map(({ code }) => code)).toEqual([attack.code]);
      expect(attacked.warnings()).toEqual([
        expect.objectContaining({ code: attack.code, detail: attacked.errors[0]!.message }),
      ]);
      expect(attacked.node.edges.map(({ peer }) => peer.name)).toEqual(edges);
      const published = attacked.stop();
      await steady.until(published - 1);
      expect([steady.numbers, steady.gaps]).toEqual([countingFrom(steady.numbers[0]!, published), []]);
    },
  );

  it("a payload nested 10 000 deep is dropped at the subscriber and reported, and the edge stays", async () => {
    const attacked = await attackedNode();
    const heard: unknown[] = [];
    const gaps: Gap[] = [];
    const subscription = attacked.node.subscribe("attack/*", {}, ({ data }) => void heard.push(data));
    subscription.on("gap", (gap) => gaps.push(gap));
    const peer = await HostilePeer.connect(attacked.port);
    onTestFinished(() => void peer.socket.destroy());
    await peer.join();
    const message = await peer.becomeOrigin("attack/*", "attack/deep");
    const reported = nextError(attacked.node);
    peer.send(message(1, Buffer.alloc(10_000, 0x91)), message(2, Buffer.of(0x2a)));

    expect(await reported).toMatchObject({
      code: "malformed-payload",
      message: expect.stringContaining(
        `message 1 of "attack/deep" from ${peer.id} was dropped: [malformed-payload] nested deeper than 64 levels`,
      ),
    });
    expect(gaps).toEqual([{ topic: "attack/deep", origin: peer.id, from: 1, to: 1, reason: "undecodable" }]);
    await expect.poll(() => heard).toEqual([42]);
    expect(attacked.node.edges.map(({ peer: { id } }) => id)).toEqual([peer.id]);
  });

  it("a goodbye after which the other side keeps its connection leaves none open here", async () => {
    const attacked = await attackedNode();
    const before = openSockets();
    const peer = await HostilePeer.connect(attacked.port);
    onTestFinished(() => void peer.socket.destroy());
    await peer.join();
    expect(openSockets()).toBe(before + 2);
    peer.send(frame(Type.goodbye, text("goodbye"), text("")));
    await expect.poll(openSockets, { timeout: 4_000 }).toBe(before + 1);
    expect([attacked.node.edges, attacked.errors]).toEqual([[], []]);
  });

  it("a frame type nobody knows that may be skipped is skipped, whatever is in it", async () => {
    const attacked = await attackedNode();
    const peer = await HostilePeer.connect(attacked.port);
    onTestFinished(() => void peer.socket.destroy());
    await peer.join();
    peer.send(frame(0xfe, Buffer.alloc(1_000, 0xff)), frame(Type.ping, u64(7), Buffer.alloc(4)));
    expect((await peer.next(Type.pong)).readBigUInt64BE(8)).toBe(7n);
    expect(attacked.errors).toEqual([]);
  });

  it(`${ATTACK_COUNT} attacks leave less than 20 MB and no descriptor`, {
    timeout: 30_000 + ATTACK_COUNT * 500,
  }, async () => {
    const child = new AttackedProcess();
    const { address, id } = await child.introduction;
    const steady = await steadyReader(address);
    const port = parseTcpAddress(address).port;
    const attack = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += AT_ONCE) {
        const batch = countingFrom(done, Math.min(done + AT_ONCE, count)).map((i) => ATTACKS[i % ATTACKS.length]!);
        await Promise.all(batch.map(({ run }) => run({ port, id, neighbour: steady.node.id })));
      }
    };
    await attack(AT_ONCE); // code is compiled and pools are filled by the first ones
    await expect.poll(async () => (await child.footprint()).edges).toBe(1);
    const before = await child.footprint();
    await attack(ATTACK_COUNT);
    await expect.poll(async () => (await child.footprint()).descriptors).toBe(before.descriptors);
    const after = await child.footprint();
    console.log(
      `${ATTACK_COUNT} attacks: resident ${mb(before.residentBytes)} → ${mb(after.residentBytes)}, live ${mb(before.liveBytes)} → ${mb(after.liveBytes)}, descriptors ${before.descriptors} → ${after.descriptors}, flows ${before.flows} → ${after.flows}`,
    );
    expect(after.residentBytes - before.residentBytes).toBeLessThan(MOST_GROWTH_BYTES);
    expect(after.liveBytes - before.liveBytes).toBeLessThan(MOST_GROWTH_BYTES);
    expect(after.errors - before.errors).toBe(ATTACK_COUNT);
    expect(after.edges).toBe(1);
    const seen = steady.numbers.at(-1)!;
    await steady.until(seen + 10);
    expect([steady.numbers, steady.gaps]).toEqual([countingFrom(steady.numbers[0]!, steady.numbers.at(-1)! + 1), []]);
  });
});
