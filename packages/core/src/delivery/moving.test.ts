/** What a node asks and takes while its way to an origin changes, told by hand frame by frame. */
import { expect, it, onTestFinished } from "vitest";
import type { Edge } from "../edge/index.ts";
import { loneFeeds } from "../testing/lone-feeds.fixture.ts";
import { control, FrameType, Lane, readU32, writeDataHead } from "../wire/index.ts";

const ORIGIN = { id: "0".repeat(32), incarnation: 1 };
const FLOW = 77;

/** A neighbour that says what it is told to, and keeps what is said to it. */
function neighbour(id: string) {
  const sent: Uint8Array[] = [];
  const edge = {
    id: id.repeat(32),
    ...{ role: "peer", open: true, peer: { name: id }, source: undefined },
    send: (_lane: number, frame: readonly Uint8Array[]) => sent.push(...frame),
    wake: () => {},
  } as unknown as Edge;
  const asked = (): string[] =>
    sent.splice(0).map((frame) => {
      if (frame[4] === FrameType.detach) return `let go ${control.detach.decode(frame).patterns.join() || "all"}`;
      const { wants, positions } = control.attach.decode(frame);
      const says = wants.map(({ pattern, fresh }) => `${pattern} ${fresh ? "fresh" : "goes on"}`);
      return [...says, ...positions.map(({ seq }) => `from ${seq}`)].join(", ");
    });
  return { edge, asked };
}

/** A node with two ways to the origin. */
function between() {
  const ways = { one: neighbour("1"), other: neighbour("2") };
  let way = ways.one;
  const { feeds, turn } = loneFeeds({
    origins: () => [ORIGIN],
    incarnationOf: () => 1,
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
    turn.run(() => feeds.onMeshChange(new Set([ORIGIN.id])));
    flush();
  };
  const says = ({ edge }: typeof way, type: FrameType, frame: Uint8Array): void =>
    turn.run(() => void feeds.onFrame(edge, type, frame));
  const tells = (by: typeof way, base: number): void => {
    const named = { flow: FLOW, home: ORIGIN.id, origin: ORIGIN.id, incarnation: 1, epoch: 0 };
    says(by, FrameType.flow, control.flow.encode({ ...named, reliability: "reliable", topic: "t" }));
    says(by, FrameType.start, control.start.encode({ flow: FLOW, base }));
  };
  const answers = (by: typeof way, ...patterns: string[]): void =>
    says(by, FrameType.attached, control.attached.encode({ origins: [ORIGIN], patterns }));
  const sends = ({ edge }: typeof way, seq: number): void => {
    const frame = new Uint8Array(33);
    writeDataHead(frame, 0, Lane.reliable, FLOW, seq, 0, true, undefined, 1);
    turn.run(() => void feeds.onData(edge, frame, 0, readU32(frame, 0)));
  };
  return { ...ways, feeds, heard, want, flush, go, tells, answers, sends };
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
  const { one, other, feeds, want, flush, go, answers } = between();
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
  expect([one.asked(), other.asked()]).toEqual([["let go all"], ["t goes on, u goes on", "let go u"]]);
});
