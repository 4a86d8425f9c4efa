import { describe, expect, it } from "vitest";
import { LIMITS, TIMINGS } from "../../base/limits.ts";
import { PIPE_HEAD_BYTES, type PipeHead, PipeKind, ResetReason, writePipeHead } from "../../wire/index.ts";
import { HostileChannel, Lane, message, numberOf } from "./hostile-channel.fixture.ts";

const A = "a".repeat(32);
const B = "b".repeat(32);
const C = "c".repeat(32);

function pair() {
  const channel = new HostileChannel(1);
  const [a, b] = [channel.start(A), channel.start(B)];
  const lost: unknown[] = [];
  const send = (number: number, bytes?: number): void =>
    a.pipes.send(B, Lane.reliable, message(number, bytes), {
      onLost: (code, why, mayHaveArrived) => void lost.push({ number, code, why, mayHaveArrived }),
    });
  const frame = (more: Partial<PipeHead>, extra = 4): Uint8Array => {
    const bytes = new Uint8Array(PIPE_HEAD_BYTES + extra);
    writePipeHead(bytes, 0, {
      ...{ kind: PipeKind.data, flag: true, lane: Lane.reliable, reason: 0, move: 0, from: a.incarnation },
      ...{ to: b.incarnation, pipe: 1, number: 1, ackPipe: 0, ackNumber: 0 },
      ...more,
    });
    return bytes;
  };
  const got = () => b.received.map(({ message: bytes }) => numberOf(bytes));
  return { channel, a, b, send, lost, frame, got };
}

const from = (node: string) => ({ node, home: node });

describe("pipes", () => {
  it("acknowledge along with what goes back, and send nothing else", () => {
    const { channel, a, b, send } = pair();
    channel.reader = (end) => ({
      onMessage: (node, bytes) => end === b && b.pipes.send(node, Lane.reliable, bytes),
    });
    for (let number = 0; number < 50; number++) {
      send(number);
      channel.clock.advance(2);
    }
    expect([a.received.length, channel.carried]).toEqual([50, 100]);
    channel.clock.advance(TIMINGS.pipeAckMs + 10);
    expect([channel.carried, a.pipes.heldBytes, b.pipes.heldBytes]).toEqual([101, 0, 0]);
  });

  it("acknowledge after a quarter of the window, so that it never closes in a stream one way", () => {
    const { channel, a, send, got } = pair();
    for (let number = 0; number < 160; number++) send(number, 64 * 1024);
    channel.clock.advance(TIMINGS.pipeAckMs);
    expect([got().length, a.pipes.counters.resent]).toEqual([160, 0]);
  });

  it("deliver what a handler sends to its own node, at once", () => {
    const { a } = pair();
    a.pipes.send(A, Lane.reliable, message(7));
    expect(a.received).toEqual([{ from: A, message: message(7) }]);
  });

  it("go on under a new number after a minute in which nothing was sent", () => {
    const { channel, send, got, b } = pair();
    send(1);
    channel.clock.advance(TIMINGS.pipeIdleMs - 10_000);
    const first = channel.numberOfPipe(A);
    send(2);
    expect(channel.numberOfPipe(A)).toBe(first);
    channel.clock.advance(TIMINGS.pipeIdleMs + 10_000);
    send(3);
    expect(channel.numberOfPipe(A)).toBeGreaterThan(first);
    channel.clock.advance(1_000);
    expect([got(), b.pipes.counters.refused]).toEqual([[1, 2, 3], 0]);
  });

  it("break when the receiver is another incarnation, which knows nothing of what was sent before", () => {
    const { channel, b, send, lost } = pair();
    send(1);
    channel.clock.advance(1_000);
    channel.kill(b);
    channel.start(B);
    send(2);
    channel.clock.advance(1_000);
    expect(lost).toMatchObject([{ number: 2, code: "peer-lost", mayHaveArrived: true }]);
    send(3);
    channel.clock.advance(1_000);
    expect(lost).toHaveLength(1);
  });

  it("are lost with a node that nothing tells of, after its lease; one that the mesh still lists is waited for", () => {
    const { channel, a } = pair();
    const leaf = "d".repeat(32);
    channel.leaves.add(leaf);
    const page = channel.start(leaf, C);
    const errors: unknown[] = [];
    const sender = { onLost: (code: string) => void errors.push(code) };
    a.pipes.send(leaf, Lane.reliable, message(1), sender);
    channel.clock.advance(1_000);
    expect(page.received).toHaveLength(1);
    channel.kill(page);
    channel.tell();
    a.pipes.send(leaf, Lane.reliable, message(2), sender);
    channel.clock.advance(TIMINGS.pipeMissingMs - 1_000);
    expect(errors).toEqual([]);
    channel.clock.advance(10_000);
    expect([errors, a.lost]).toEqual([["peer-lost"], [`${leaf} node ${leaf} has not been reached for too long`]]);
  });

  it("notice that a leaf from which something is expected has gone, also when nothing is sent", () => {
    const { channel, a } = pair();
    const leaf = "d".repeat(32);
    channel.leaves.add(leaf);
    const page = channel.start(leaf, C);
    a.awaited.add(leaf);
    a.pipes.send(leaf, Lane.reliable, message(1));
    channel.clock.advance(10_000);
    channel.kill(page);
    channel.tell();
    channel.clock.advance(TIMINGS.pipeMissingMs + 10_000);
    expect(a.lost).toHaveLength(1);
  });

  it("follow a leaf that says it is elsewhere, and what it says late of where it was does not count", () => {
    const { channel, a } = pair();
    const leaf = "d".repeat(32);
    channel.leaves.add(leaf);
    const page = channel.start(leaf, C);
    page.pipes.send(A, Lane.reliable, message(1));
    channel.clock.advance(1_000);
    page.home = B;
    page.pipes.onMeshChange();
    channel.clock.advance(10);
    a.pipes.send(leaf, Lane.reliable, message(2));
    channel.clock.advance(10);
    expect(page.received.map((got) => numberOf(got.message))).toEqual([2]);
  });

  it("forget a leaf that was looked for and never sent anything", () => {
    const { channel, a } = pair();
    for (let leaf = 0; leaf < 100; leaf++) a.pipes.found(`${leaf}`.padStart(32, "e"), C);
    channel.clock.advance(TIMINGS.pipeMemoryMs + 120_000);
    expect([a.pipes.size, channel.clock.pending]).toEqual([0, 0]);
  });

  it("ask once who is awaited, however many nodes do not answer at the same time", () => {
    const { channel, a } = pair();
    const pages = Array.from({ length: 100 }, (_, leaf) => {
      const node = `${leaf}`.padStart(32, "e");
      channel.leaves.add(node);
      a.awaited.add(node);
      return channel.start(node, C);
    });
    for (const { node } of pages) a.pipes.send(node, Lane.reliable, message(1));
    channel.clock.advance(1_000);
    for (const page of pages) channel.kill(page);
    channel.tell();
    const { awaitedAsked, carried } = channel;
    channel.clock.advance(TIMINGS.pipeResendMinMs);
    expect(channel.carried - carried).toBeGreaterThanOrEqual(pages.length);
    expect(channel.awaitedAsked - awaitedAsked).toBeLessThan(10);
  });

  it("do not look elsewhere for a leaf that has moved twice in a moment, and said where to", () => {
    const { channel, a } = pair();
    const leaf = "d".repeat(32);
    channel.leaves.add(leaf);
    channel.unlisted.add(leaf);
    const page = channel.start(leaf, C);
    page.pipes.send(A, Lane.reliable, message(1));
    channel.clock.advance(1_000);
    channel.weather = { ...channel.weather, delayMs: [30, 30] };
    a.pipes.send(leaf, Lane.reliable, message(2));
    for (const home of [B, C]) {
      page.home = home;
      page.pipes.onMeshChange();
      channel.clock.advance(15);
    }
    channel.weather = { ...channel.weather, loss: 1 };
    channel.clock.advance(100);
    expect(channel.sought).toEqual([]);
  });

  it("find a leaf again at the home it last named, after they looked for it where the directory had it", () => {
    const { channel, a } = pair();
    const leaf = "d".repeat(32);
    channel.leaves.add(leaf);
    const page = channel.start(leaf, C);
    page.pipes.send(A, Lane.reliable, message(1));
    channel.clock.advance(1_000);
    page.home = B; // nobody hears that it was away for a moment
    a.pipes.send(leaf, Lane.reliable, message(2));
    channel.clock.advance(1_000);
    expect(page.received).toHaveLength(1);
    page.home = C;
    page.pipes.send(A, Lane.reliable, message(3));
    channel.clock.advance(10);
    a.pipes.send(leaf, Lane.reliable, message(4));
    channel.clock.advance(100);
    expect([page.received.length, a.received.length]).toEqual([2, 2]);
  });
});

describe("a pipe refuses", () => {
  it("what is no frame of a pipe, and acknowledgements of what was never sent", () => {
    const { channel, a, b, send, frame, lost } = pair();
    send(1);
    channel.clock.advance(1_000);
    const inject = channel.injectInto(a);
    const before = a.pipes.counters.refused;
    inject(from(B), new Uint8Array(PIPE_HEAD_BYTES - 1));
    inject(from(B), frame({ kind: 9 }));
    inject(from(B), frame({ lane: Lane.volatile }));
    const ackPipe = channel.numberOfPipe(A);
    inject(from(B), frame({ kind: PipeKind.ack, from: b.incarnation, to: a.incarnation, ackPipe, ackNumber: 99 }));
    expect([a.pipes.counters.refused - before, lost]).toEqual([4, []]);
  });

  it("resets and acknowledgements of anybody but its own receiver", () => {
    const { channel, a, b, send, frame, lost, got } = pair();
    send(1);
    channel.clock.advance(1_000);
    channel.weather = { ...channel.weather, loss: 1 };
    send(2);
    channel.clock.advance(1);
    const inject = channel.injectInto(a);
    const pipe = channel.numberOfPipe(A);
    const forged = { from: b.incarnation, to: a.incarnation };
    channel.start(C);
    inject(from(C), frame({ ...forged, kind: PipeKind.reset, pipe }));
    inject(from(C), frame({ ...forged, kind: PipeKind.reset, pipe: 0, reason: ResetReason.closed }));
    inject(from(C), frame({ ...forged, kind: PipeKind.ack, ackPipe: pipe, ackNumber: 2 }));
    expect(lost).toEqual([]);
    channel.weather = { ...channel.weather, loss: 0 };
    channel.clock.advance(5_000);
    expect(got()).toEqual([1, 2]);
  });

  it("numbers from nowhere and from the future, without losing its own", () => {
    const { channel, b, frame, send, got, lost } = pair();
    send(1);
    channel.clock.advance(1_000);
    const inject = channel.injectInto(b);
    const pipe = channel.numberOfPipe(A);
    inject(from(A), frame({ pipe, number: 50 }));
    inject(from(A), frame({ pipe: pipe - 1, number: 1 }));
    inject(from(A), frame({ pipe: pipe + 1_000_000, number: 7, flag: false }));
    inject(from(A), frame({ pipe, number: 1 }));
    send(2);
    channel.clock.advance(5_000);
    expect([got(), lost]).toEqual([[1, 2], []]);
  });

  it("more nodes than it has room for: those of one home before all others", () => {
    const { channel, b, frame } = pair();
    const inject = channel.injectInto(b);
    const home = "e".repeat(32);
    const leaf = (i: number) => ({ node: i.toString(16).padStart(32, "0"), home });
    for (let i = 0; i < LIMITS.pipeRemotesOfHome + 10; i++) inject(leaf(i), frame({ from: 5 }));
    expect([b.pipes.size, b.pipes.counters.refused]).toEqual([LIMITS.pipeRemotesOfHome, 10]);
    inject({ node: C, home: C }, frame({ from: 5 }));
    expect(b.pipes.size).toBe(LIMITS.pipeRemotesOfHome + 1);
    channel.clock.advance(TIMINGS.pipeMemoryMs + 120_000);
    expect(b.pipes.size).toBe(0);
  });

  it("to grow when one node opens pipe after pipe", () => {
    const { b, channel, frame } = pair();
    const inject = channel.injectInto(b);
    for (let pipe = 1; pipe <= 10_000; pipe++) inject(from(A), frame({ pipe }));
    expect([b.pipes.size, b.pipes.heldBytes]).toEqual([1, 0]);
  });
});
