/** What a peer of good standing may say that is wrong, useless or too much, and yet closes no edge, or only its own when it goes on. */
import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { attackedNode, countingFrom, steadyReader } from "./attacked-node.fixture.ts";
import { AttackedProcess, mb } from "./attacked-process.fixture.ts";
import { frame, id, list, Type, text, u8, u32, u64 } from "./by-hand.fixture.ts";
import { HostileIdentity } from "./hostile-identity.fixture.ts";
import { HostilePeer } from "./hostile-peer.fixture.ts";
import { parseTcpAddress } from "./tcp-address.ts";

const nobody = (count: number): string[] => Array.from({ length: count }, () => randomBytes(16).toString("hex"));

async function hostile(port: number): Promise<HostilePeer> {
  const peer = await HostilePeer.connect(port);
  onTestFinished(() => void peer.socket.destroy());
  await peer.join();
  peer.beNeighbour();
  return peer;
}

/** A node, a neighbour that reads from it, and a hostile one. */
async function scene() {
  const attacked = await attackedNode();
  const steady = await steadyReader(attacked.address);
  const peer = await hostile(attacked.port);
  const [target, reader] = [attacked.node.id, steady.node.id];
  return {
    attacked,
    steady,
    peer,
    target,
    reader,
    /** The reader has every message, and both nodes see the three of them and their two edges, and nothing invented. */
    async expectNothingElse(): Promise<void> {
      await peer.settled();
      expect(attacked.errors).toEqual([]);
      expect(attacked.node.edges.map((edge) => edge.peer.id)).toEqual([reader, peer.id]);
      // What was told before this has come by then, and routes are computed.
      await steady.until((steady.numbers.at(-1) ?? 0) + 50);
      for (const node of [attacked.node, steady.node]) {
        const { nodes, edges } = await node.topology();
        expect(new Set(nodes.map((each) => each.id))).toEqual(new Set([target, reader, peer.id]));
        expect(edges.map(({ from, to }) => [from, to].sort())).toHaveLength(2);
        expect(edges.every(({ from, to }) => from === target || to === target)).toBe(true);
      }
      const published = attacked.stop();
      await steady.until(published - 1);
      expect([steady.numbers, steady.gaps]).toEqual([countingFrom(steady.numbers[0]!, published), []]);
    },
  };
}

/** Questions for single peers that came: whom they name, and what is held of its share. */
const questions = (peer: HostilePeer): [of: string, version: number][] =>
  peer
    .received(Type.digest)
    .filter((digest) => digest[8] === 0)
    .map((digest) => [digest.toString("hex", 13, 29), Number(digest.readBigUInt64BE(45))]);

/** How many peers are invented; `CHASKI_INVENTED=20000 npm run unit -- bad-control` for more. */
const INVENTED = Number(process.env.CHASKI_INVENTED ?? 12_000);

describe("bad input of the control plane", () => {
  it("replayed records change nothing, and are not answered", async () => {
    const { peer, target, reader, attacked, expectNothingElse } = await scene();
    const { identity } = peer;
    const own = await peer.recordOf(target);
    peer.send(identity.record({ sequence: 10, neighbours: [target] }));
    for (let i = 0; i < 100; i++) {
      peer.send(identity.record({ sequence: 5, neighbours: [reader] }), identity.record({ sequence: 10 }));
      peer.send(identity.record({ incarnation: identity.incarnation - 1, sequence: 1_000, gone: true }));
      peer.send(own);
    }
    await peer.settled();
    expect(peer.received(Type.record).length).toBeLessThan(10);
    expect(attacked.node.status().directory).toMatchObject({ peers: 3, refused: 0 });
    await expectNothingElse();
  });

  it("a share out of order is asked for once, and taken when the answer comes", async () => {
    const { peer, steady, expectNothingElse } = await scene();
    const share = (version: number): Buffer => peer.identity.share({ version, topics: [`late/${version}`] });
    peer.send(share(1));
    for (let i = 0; i < 100; i++) peer.send(share(5), share(6));
    await peer.settled();
    expect(questions(peer)).toEqual([[peer.id, 1]]);
    expect(await steady.node.subscribers("late/5")).toEqual({ peers: [], leaves: 0 });
    peer.send(...[2, 3, 4, 5].map(share));
    await expect.poll(() => steady.node.subscribers("late/5")).toMatchObject({ peers: [{ id: peer.id }] });
    expect(questions(peer)).toHaveLength(1);
    await expectNothingElse();
  });

  it("who does not answer keeps nobody else from being asked", async () => {
    const { peer, attacked, expectNothingElse } = await scene();
    const other = await hostile(attacked.port);
    const share = (version: number): Buffer => peer.identity.share({ version });
    peer.send(share(1), share(5));
    await peer.settled();
    other.send(share(5));
    await other.settled();
    expect([questions(peer), questions(other)]).toEqual([[[peer.id, 1]], [[peer.id, 1]]]);
    await attacked.node.disconnect(other.id);
    await expectNothingElse();
  });

  it("shares of peers unknown, of another life, or that begin in the middle list nothing", async () => {
    const { peer, attacked, expectNothingElse } = await scene();
    const { identity } = peer;
    const topics = ["invented"];
    const { entries } = attacked.node.status().directory;
    peer.send(new HostileIdentity().share({ version: 1, topics }));
    for (const incarnation of [identity.incarnation - 1, identity.incarnation + 1])
      peer.send(identity.share({ incarnation, version: 1, topics }));
    await peer.settled();
    expect(questions(peer)).toEqual([]);
    peer.send(identity.share({ version: 1, whole: false, topics }));
    await peer.settled();
    expect(questions(peer)).toEqual([[peer.id, 0]]);
    expect(attacked.node.status().directory.entries).toBe(entries);
    await expectNothingElse();
  });

  it("a share above its limit is held as far as there is room, said once and asked for no more", async () => {
    const { peer, attacked, expectNothingElse } = await scene();
    const topics = Array.from({ length: 900 }, (_, i) => `${i}/${"x".repeat(1_000)}`);
    for (let version = 1; version <= 40; version++)
      peer.send(peer.identity.share({ version, topics: version < 12 ? topics : ["more"] }));
    peer.send(peer.identity.share({ version: 50 }));
    peer.beNeighbour({ directory: 50 });
    await peer.settled();
    expect(attacked.node.status().directory).toMatchObject({ refused: 32 });
    expect(attacked.warnings()).toEqual([expect.objectContaining({ peer: peer.id })]);
    expect(questions(peer)).toEqual([]);
    await expectNothingElse();
  });

  it("who asks for a large share again and again and does not read loses its edge, at 32 MiB", async () => {
    const { peer, attacked, expectNothingElse } = await scene();
    const topics = Array.from({ length: 900 }, (_, i) => `${i}/${"x".repeat(1_000)}`);
    for (let version = 1; version <= 8; version++) peer.send(peer.identity.share({ version, topics }));
    await peer.settled();
    const greedy = await hostile(attacked.port);
    greedy.socket.pause();
    const question = Buffer.concat([id(peer.id), u64(peer.identity.incarnation), u64(1_000), u64(0)]);
    for (let i = 0; i < 100; i++) greedy.send(frame(Type.digest, u8(0), list(question, question)));
    await expect
      .poll(() => attacked.errors.splice(0).map(({ code }) => code), { timeout: 20_000 })
      .toEqual(["overflow"]);
    expect(attacked.node.status().edges.every(({ queuedBytes }) => queuedBytes < 1e6)).toBe(true);
    await expectNothingElse();
  }, 60_000);

  it("who is pinged back and does not read loses its edge before a million answers wait", async () => {
    const { attacked, expectNothingElse } = await scene();
    const greedy = await hostile(attacked.port);
    greedy.socket.pause();
    const pings = Buffer.concat(Array(10_000).fill(frame(Type.ping, u64(1), u32(0))));
    for (let i = 0; i < 200 && attacked.errors.length === 0; i++) {
      greedy.send(pings);
      await setImmediate();
    }
    await expect
      .poll(() => attacked.errors.splice(0).map(({ code }) => code), { timeout: 20_000 })
      .toEqual(["overflow"]);
    await expectNothingElse();
  }, 60_000);

  it("edges to nobody, to those that do not know of it, and among the invented are in nobody's picture", async () => {
    const { peer, target, reader, steady, expectNothingElse } = await scene();
    const [one, other] = [new HostileIdentity(), new HostileIdentity()];
    peer.beNeighbour({ neighbours: [target, reader, one.id, ...nobody(4_000)] });
    peer.send(one.record({ neighbours: [other.id, reader, target] }), other.record({ neighbours: [one.id, peer.id] }));
    await peer.settled();
    await expect.poll(() => steady.node.status().directory.peers).toBe(5);
    await expectNothingElse();
  });

  it("positions in flows that never were, and wants of thousands of invented origins, are kept apart from others", async () => {
    const { peer, expectNothingElse } = await scene();
    const positions = Array.from({ length: 30_000 }, (_, i) => Buffer.concat([u64(i), u64(2 ** 40)]));
    peer.send(frame(Type.attach, list(peer.them), list(), list(...positions)));
    const origins = nobody(19_000).map((origin) => Buffer.concat([id(origin), u64(1)]));
    const wants = Array.from({ length: 30_000 }, (_, i) => Buffer.concat([text(`want/${i}`), u8(i & 1)]));
    peer.send(frame(Type.attach, list(peer.them, ...origins), list(...wants), list()));
    await expectNothingElse();
  }, 30_000);

  it("who wants more patterns than one neighbour may loses its edge", async () => {
    const { attacked, expectNothingElse } = await scene();
    const greedy = await hostile(attacked.port);
    for (let first = 0; first <= 250_000; first += 50_000) {
      const wants = countingFrom(first, first + 50_000).map((i) => Buffer.concat([text(`w/${i}`), u8(1)]));
      greedy.send(frame(Type.attach, list(greedy.them), list(...wants), list()));
    }
    await greedy.ended;
    expect(attacked.errors.splice(0).map(({ code }) => code)).toEqual(["too-large"]);
    await expectNothingElse();
  }, 30_000);

  it(`${INVENTED} sound records of invented peers cost no edge and no more than 60 MB, and are counted`, async () => {
    // Made ahead: meanwhile nobody in this process answers.
    const flood = Array.from({ length: INVENTED }, () => new HostileIdentity().record({ neighbours: nobody(8) }));
    const attacked = new AttackedProcess();
    const { address } = await attacked.introduction;
    const steady = await steadyReader(address);
    const peer = await hostile(parseTcpAddress(address).port);
    await peer.settled();
    const before = await attacked.footprint();
    peer.send(...flood);
    await peer.settled();
    const after = await attacked.footprint();
    console.log(`${INVENTED} records: live ${mb(before.liveBytes)} → ${mb(after.liveBytes)}`);
    expect([after.peers, after.refused, after.edges, after.errors]).toEqual([10_000, INVENTED - 9_997, 2, 0]);
    expect(after.liveBytes - before.liveBytes).toBeLessThan(60e6);
    await steady.until(steady.numbers.at(-1)! + 50);
    expect([steady.numbers, steady.gaps]).toEqual([countingFrom(steady.numbers[0]!, steady.numbers.at(-1)! + 1), []]);
    expect((await steady.node.topology()).nodes).toHaveLength(3);
  }, 120_000);
});
