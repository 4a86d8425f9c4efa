/** What a node asks and takes while its way to an origin changes, told by hand frame by frame. */
import { expect, it, onTestFinished } from "vitest";
import { TIMINGS } from "../base/limits.ts";
import type { Edge } from "../edge/index.ts";
import { loneFeeds } from "../testing/lone-feeds.fixture.ts";
import {
  type AttachBody,
  control,
  FrameType,
  Lane,
  type OriginRef,
  type Role,
  readU32,
  writeDataHead,
} from "../wire/index.ts";

const ORIGIN_ID = "0".repeat(32);
const LEAF_ID = "a".repeat(32);
const FLOW = 77;

/** Where a leaf was, and where it is. */
const twoGateways = (): OriginRef[] => ["8", "9"].map((id) => ({ id: id.repeat(32), incarnation: 1 }));

interface Declared {
  readonly flow?: number;
  readonly home?: string;
  readonly incarnation?: number;
  readonly origin?: string;
  readonly epoch?: number;
}

/** A flow of the origin in its first life, unless said otherwise. */
function declaration({
  flow = FLOW,
  home = ORIGIN_ID,
  incarnation = 1,
  origin = home,
  epoch = 0,
}: Declared): Uint8Array {
  return control.flow.encode({ flow, home, incarnation, origin, epoch, reliability: "reliable", topic: "t" });
}

/** A neighbour that says what it is told to, and keeps what is said to it. */
function neighbour(id: string, role: Role = "peer") {
  const sent: Uint8Array[] = [];
  const edge = {
    id: id.repeat(32),
    ...{ role, open: true, peer: { id: id.repeat(32), name: id, incarnation: 1 }, source: undefined },
    send: (_lane: number, frame: readonly Uint8Array[]) => sent.push(...frame),
    wake: () => {},
  } as unknown as Edge;
  const asked = (): string[] =>
    sent.splice(0).map((frame) => {
      if (frame[4] === FrameType.flow) return `flow at ${control.flow.decode(frame).home[0]}`;
      if (frame[4] === FrameType.start) return `begins after ${control.start.decode(frame).base}`;
      if (frame[4] === FrameType.attached) return `${control.attached.decode(frame).patterns.join()} attached`;
      if (frame[4] === FrameType.detach) return `let go ${control.detach.decode(frame).patterns.join() || "all"}`;
      const { wants, positions } = control.attach.decode(frame);
      const says = wants.map(({ pattern, fresh }) => `${pattern} ${fresh ? "fresh" : "goes on"}`);
      return [...says, ...positions.map(({ seq }) => `from ${seq}`)].join(", ");
    });
  return { edge, asked };
}

/** A node with two ways to the origin, and to others. */
function between(others: OriginRef[] = []) {
  const ways = { one: neighbour("1"), other: neighbour("2") };
  let way = ways.one;
  let incarnation = 1;
  let isHere = true;
  const { feeds, clock, turn, local } = loneFeeds({
    origins: () => [...(isHere ? [{ id: ORIGIN_ID, incarnation }] : []), ...others],
    incarnationOf: (id) =>
      id === ORIGIN_ID ? (isHere ? incarnation : undefined) : others.find((other) => other.id === id)?.incarnation,
    nextHop: () => way.edge,
  });
  onTestFinished(() => feeds.close());
  const heard: string[] = [];
  const want = (pattern: string) =>
    feeds.want(pattern, {
      onMessages: (_flow, from, to) => heard.push(`${from}-${to}`),
      onGap: (_flow, from, to) => heard.push(`gap ${from}-${to}`),
      onSkip: (_flow, from, to) => heard.push(`skip ${from}-${to}`),
    });
  const flush = (): void => turn.run(() => {});
  const go = (by: typeof way): void => {
    way = by;
    turn.run(() => feeds.onMeshChange(new Set([ORIGIN_ID, ...others.map(({ id }) => id)])));
    flush();
  };
  const livesAnew = (): void => {
    incarnation++;
    turn.run(() => feeds.onNewLife(ORIGIN_ID));
    go(way);
  };
  const says = ({ edge }: typeof way, type: FrameType, frame: Uint8Array): void =>
    turn.run(() => void feeds.onFrame(edge, type, frame));
  const comesAndGoes = (): void => {
    isHere = !isHere;
    go(way);
  };
  const tells = (by: typeof way, base: number, of: Declared = {}): void => {
    says(by, FrameType.flow, declaration(of));
    if (base > 0) says(by, FrameType.start, control.start.encode({ flow: of.flow ?? FLOW, base, offeredMs: 0 }));
  };
  const answers = (by: typeof way, ...patterns: string[]): void =>
    says(by, FrameType.attached, control.attached.encode({ origins: [{ id: ORIGIN_ID, incarnation }], patterns }));
  const asks = (by: typeof way, attach: Partial<AttachBody>): void =>
    says(by, FrameType.attach, control.attach.encode({ origins: [], wants: [], positions: [], ...attach }));
  const drops = (by: typeof way, detach: { origins: OriginRef[]; patterns: string[] }): void =>
    says(by, FrameType.detach, control.detach.encode(detach));
  const sends = ({ edge }: typeof way, seq: number, flow = FLOW): void => {
    const frame = new Uint8Array(33);
    writeDataHead(frame, 0, Lane.reliable, flow, seq, 0, true, undefined, 1);
    turn.run(() => void feeds.onData(edge, frame, 0, readU32(frame, 0)));
  };
  const passes = (by: typeof way, kind: "gap" | "skip", from: number, to: number): void =>
    kind === "gap"
      ? says(by, FrameType.gap, control.gap.encode({ flow: FLOW, from, to, reason: "forgotten" }))
      : says(by, FrameType.skip, control.skip.encode({ flow: FLOW, from, to }));
  const comes = (origin: OriginRef): void => {
    others.push(origin);
    go(way);
  };
  return {
    ...ways,
    comes,
    feeds,
    self: local.identity.id,
    clock,
    heard,
    want,
    flush,
    go,
    livesAnew,
    comesAndGoes,
    tells,
    answers,
    asks,
    drops,
    sends,
    passes,
  };
}

it("a fresh want that moves before its answer begins where the new way starts it, not at the first number", () => {
  const { one, other, heard, want, flush, go, tells, answers, sends } = between();
  go(one);
  want("t");
  flush();
  expect(one.asked()).toEqual(["t fresh"]);
  go(other);
  expect(other.asked()).toEqual(["t fresh"]);
  tells(one, 1_000); // on its way when the other was asked
  sends(one, 1_001);
  tells(other, 1_001);
  answers(other, "t");
  sends(other, 1_002);
  expect(heard).toEqual(["1002-1002"]);
  expect([one.asked(), other.asked()]).toEqual([["let go all"], []]);
});

it("the way that was left is let go when what the new one has yet to answer is not wanted any more", () => {
  const { one, other, feeds, clock, want, flush, go, answers } = between();
  go(one);
  want("t");
  const second = want("u");
  flush();
  answers(one, "t", "u");
  one.asked();
  go(other);
  answers(other, "t");
  expect(one.asked()).toEqual([]);
  feeds.unwant(second);
  flush();
  expect([one.asked(), other.asked()]).toEqual([[], ["t goes on, u goes on"]]);
  // It may have no answer to that.
  clock.advance(TIMINGS.attachMs);
  go(other);
  expect([one.asked(), other.asked()]).toEqual([["let go all"], ["let go u"]]);
});

it("a flow of a new life that comes before its record does not end with the old life", () => {
  const { one, heard, want, flush, go, livesAnew, tells, answers, sends } = between();
  go(one);
  want("t");
  flush();
  answers(one, "t");
  tells(one, 0);
  sends(one, 1);
  tells(one, 0, { flow: 78, incarnation: 2 });
  sends(one, 1, 78);
  livesAnew();
  expect(heard).toEqual(["1-1", "gap 2-Infinity"]);
  tells(one, 1, { flow: 78, incarnation: 2 });
  answers(one, "t");
  sends(one, 2, 78);
  expect(heard).toEqual(["1-1", "gap 2-Infinity", "2-2"]);
});

it("who asks for another life than the one known here is answered when that one is known, or not at all", () => {
  const { one, other, go, livesAnew, answers, asks } = between();
  go(one);
  const wants = [{ pattern: "t", fresh: true }];
  asks(other, { origins: [{ id: ORIGIN_ID, incarnation: 1 }], wants });
  expect(one.asked()).toEqual(["t fresh"]);
  answers(one, "t");
  expect(other.asked()).toEqual(["t attached"]);
  asks(other, { origins: [{ id: ORIGIN_ID, incarnation: 2 }], wants });
  expect(other.asked()).toEqual([]);
  livesAnew();
  expect([one.asked().at(-1), other.asked()]).toEqual(["t fresh", []]);
  answers(one, "t");
  expect(other.asked()).toEqual(["t attached"]);
  asks(other, { origins: [{ id: ORIGIN_ID, incarnation: 1 }], wants });
  expect(other.asked()).toEqual([]);
});

it("who told of a leaf's flow before its leaf moved is told where it is now, also by one that knew nothing of it", () => {
  const home = { id: "9".repeat(32), incarnation: 5 };
  const { one, other, go, tells, asks, sends } = between([home]);
  go(one);
  // It knows the flow at the home before, in a life that is over.
  tells(other, 0, { home: "8".repeat(32), origin: LEAF_ID, epoch: 3 });
  asks(other, { origins: [{ id: "8".repeat(32), incarnation: 1 }], positions: [{ flow: FLOW, seq: 7 }] });
  asks(other, { origins: [home], wants: [{ pattern: "t", fresh: false }] });
  expect(other.asked()).toEqual([]);
  tells(one, 0, { home: home.id, incarnation: 5, origin: LEAF_ID, epoch: 5 });
  sends(one, 1);
  expect(other.asked()).toEqual(["flow at 9"]);
});

it("who told of a leaf's flow where it is, and then where it was, is told where it is", () => {
  const [former] = twoGateways();
  const { one, other, go, feeds, self, tells, asks, flush } = between([former!]);
  const leaf = neighbour("a", "leaf");
  feeds.onEdgeOpen(leaf.edge);
  go(one);
  asks(other, { origins: [former!], wants: [{ pattern: "t", fresh: false }] });
  flush();
  // It gave the flow on, forgot it, and has heard of it again from another that knew less.
  tells(one, 0, { home: self, origin: LEAF_ID, epoch: 5 });
  tells(one, 0, { home: former!.id, origin: LEAF_ID, epoch: 3 });
  one.asked();
  asks(one, {
    origins: [former!, { id: self, incarnation: 1 }],
    wants: [{ pattern: "t", fresh: false }],
    positions: [{ flow: FLOW, seq: 1 }],
  });
  tells(leaf, 0, { home: self, origin: LEAF_ID, epoch: 5 });
  expect(one.asked()).toEqual(["t attached", `flow at ${self[0]}`, "begins after 1"]);
});

it("what is let go of and wanted again within a round trip is asked for once, and the one answer counts", () => {
  const { one, feeds, heard, want, flush, go, tells, answers, sends } = between();
  go(one);
  const first = want("t");
  flush();
  expect(one.asked()).toEqual(["t fresh"]);
  feeds.unwant(first);
  flush();
  const second = want("t");
  flush();
  answers(one, "t");
  expect([second.isReady, one.asked()]).toEqual([true, []]);
  tells(one, 0);
  sends(one, 1);
  expect(heard).toEqual(["1-1"]);
});

it("what is let go of before its answer is let go of after it", () => {
  const { one, feeds, want, flush, go, answers } = between();
  go(one);
  const first = want("t");
  flush();
  one.asked();
  feeds.unwant(first);
  flush();
  expect(one.asked()).toEqual([]);
  answers(one, "t");
  flush();
  expect(one.asked()).toEqual(["let go t"]);
});

it("what is let go of before its answer is let go of all the same when no answer comes", () => {
  const { one, feeds, clock, want, flush, go } = between();
  go(one);
  const first = want("t");
  flush();
  feeds.unwant(first);
  flush();
  expect(one.asked()).toEqual(["t fresh"]);
  clock.advance(60_000);
  expect(one.asked()).toEqual(["let go t"]);
});

it("a subscription made while an origin is gone begins with what comes when it is back", () => {
  const { one, feeds, want, flush, go, comesAndGoes, answers } = between();
  go(one);
  const first = want("t");
  flush();
  answers(one, "t");
  comesAndGoes();
  feeds.unwant(first);
  flush();
  want("t");
  one.asked();
  comesAndGoes();
  flush();
  expect(one.asked()).toEqual(["t fresh"]);
});

it("a leaf that told of a flow, lets go of it and wants it again is told of it when it begins here", () => {
  const { one, go, tells, asks, drops, sends } = between();
  const leaf = neighbour("a", "leaf");
  go(one);
  tells(leaf, 0);
  asks(leaf, { wants: [{ pattern: "t", fresh: false }], positions: [{ flow: FLOW, seq: 4 }] });
  drops(leaf, { origins: [], patterns: ["t"] });
  asks(leaf, { wants: [{ pattern: "t", fresh: false }] });
  tells(one, 0);
  sends(one, 1);
  expect(leaf.asked().filter((said) => said.startsWith("flow"))).toEqual(["flow at 0"]);
});

it("who tells of a leaf's flow where it was is told where it is, also when it is read from itself", () => {
  const homes = twoGateways();
  const { one, other, go, want, flush, tells, sends } = between(homes);
  go(one);
  want("t");
  flush();
  tells(one, 0, { home: homes[1]!.id, origin: LEAF_ID, epoch: 3 });
  sends(one, 1);
  go(other);
  other.asked();
  tells(other, 0, { home: homes[0]!.id, origin: LEAF_ID, epoch: 1 });
  expect(other.asked()).toEqual(["flow at 9"]);
});

it("a leaf's flow goes on from a gateway of which its neighbour had heard first", () => {
  const homes = twoGateways();
  const { one, other, go, comes, want, flush, tells, asks, sends } = between([homes[0]!]);
  go(one);
  want("t");
  flush();
  tells(one, 0, { home: homes[0]!.id, origin: LEAF_ID, epoch: 1 });
  sends(one, 1);
  one.asked();
  tells(one, 0, { home: homes[1]!.id, origin: LEAF_ID, epoch: 3 });
  comes(homes[1]!);
  expect(one.asked().sort()).toEqual(["from 1", "t fresh"]);
  // Who attaches for that gateway is given it.
  asks(other, { origins: [homes[1]!], wants: [{ pattern: "t", fresh: false }] });
  expect(other.asked()).toContain("flow at 9");
});

it.each(["gap", "skip"] as const)("a %s passes over nothing before it that is missing and asked for", (kind) => {
  const { one, heard, want, flush, go, answers, tells, sends, passes } = between();
  go(one);
  want("t");
  flush();
  answers(one, "t");
  tells(one, 0);
  sends(one, 1);
  one.asked();
  passes(one, kind, 5, 8);
  expect([heard, one.asked()]).toEqual([["1-1"], ["from 1"]]);
  for (const seq of [2, 3, 4]) sends(one, seq);
  passes(one, kind, 5, 8);
  expect(heard).toEqual(["1-1", "2-2", "3-3", "4-4", `${kind} 5-8`]);
});

it("a leaf is told that a want goes on as soon as one of several neighbours that want the same says so", () => {
  const { feeds, self, asks } = between();
  const leaf = neighbour("a", "leaf");
  const peers = ["3", "4", "5"].map((id) => neighbour(id));
  feeds.onEdgeOpen(leaf.edge);
  const attach = (by: (typeof peers)[number], fresh: boolean): void =>
    asks(by, { origins: [{ id: self, incarnation: 1 }], wants: [{ pattern: "t", fresh }] });
  attach(peers[0]!, true);
  attach(peers[1]!, true);
  expect(leaf.asked()).toEqual(["t fresh"]);
  attach(peers[2]!, false);
  expect(leaf.asked()).toEqual(["t goes on"]);
});

it("a leaf's flow that has moved goes on from its new gateway when something is wanted of that one", () => {
  const homes = twoGateways();
  const { one, other, go, want, flush, tells, asks, sends, heard } = between(homes);
  go(one);
  // A neighbour wants it at the one gateway only.
  asks(other, { origins: [homes[0]!], wants: [{ pattern: "t", fresh: false }] });
  flush();
  tells(one, 0, { home: homes[0]!.id, origin: LEAF_ID, epoch: 1 });
  sends(one, 1);
  tells(one, 0, { home: homes[1]!.id, origin: LEAF_ID, epoch: 3 });
  want("t");
  flush();
  homes.shift(); // it is gone
  go(one);
  sends(one, 2);
  expect(heard).toEqual(["2-2"]);
});
