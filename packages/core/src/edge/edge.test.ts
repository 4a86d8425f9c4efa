import { describe, expect, it } from "vitest";
import { keylessIdentity } from "../auth/index.ts";
import { silentLogger } from "../base/clock.ts";
import { MeshError } from "../base/errors.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import { Turn } from "../base/turn.ts";
import type { Link } from "../link/index.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { StallingClock } from "../testing/stalling-clock.fixture.ts";
import { control, FrameType, Lane, type Role, readU32 } from "../wire/index.ts";
import { Edge, type EdgeHost } from "./edge.ts";
import { encodeHello, encodeIntroduce, type LocalNode } from "./handshake.ts";

/** An edge, and by hand whatever is at its other end. */
class Scene {
  readonly host: EdgeHost;
  readonly clock = new StallingClock();
  readonly sent: Uint8Array[] = [];
  readonly frames: number[] = [];
  readonly closed: (MeshError | undefined)[] = [];
  readonly measured: (number | undefined)[] = [];
  opened = 0;
  /** The link has ended, and is about to say so. */
  linkEnded = false;
  /** Whether closing the link politely was given up. */
  givenUp = false;
  /** What the link says to `send`. */
  writable = true;
  /** What the link says it has received. */
  receivedBytes = 0;
  /** What the link says waits to leave. */
  waitingBytes = 0;
  readonly edge: Edge;
  readonly #random = new SeededRandom(1);

  constructor(role: Role = "peer") {
    const scene = this;
    const link: Link = {
      get receivedBytes() {
        return scene.receivedBytes;
      },
      get waitingBytes() {
        return scene.waitingBytes;
      },
      traits: { reliable: true, ordered: true, maxPacketBytes: 1_000_000 },
      remoteAddress: "memory://them",
      send: (parts) => {
        if (this.linkEnded) throw new MeshError("closed", "send after the link was closed");
        this.sent.push(...parts);
        return this.writable;
      },
      close: ({ signal } = {}) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            this.givenUp = true;
            reject(signal.reason);
          });
        }),
      abort: () => {},
    };
    const turn = new Turn(this.clock);
    this.host = {
      local: this.node("us", role),
      clock: this.clock,
      random: this.#random,
      turn,
      logger: silentLogger,
      ticket: new Uint8Array(0),
      onIntroduced: () => undefined,
      onOpen: () => this.opened++,
      onMeasured: (edge) => void this.measured.push(edge.latency.roundTripMs),
      onFrame: (_edge, type, _packet, at, length) => {
        this.frames.push(type);
        return at + length;
      },
      onDrain: () => {},
      onClosed: (_edge, error) => void this.closed.push(error),
      onLinkClosed: () => {},
    };
    this.edge = new Edge(this.host, link, { dialled: true, address: "memory://them", credential: "" });
  }

  node(name: string, role: Role): LocalNode {
    return {
      identity: keylessIdentity(this.#random),
      verifier: undefined,
      mesh: "lab",
      name,
      role,
      incarnation: 1,
      addresses: () => [],
      credential: () => "",
    };
  }

  receive(...frames: readonly Uint8Array[]): void {
    this.edge.onPacket(new Uint8Array(Buffer.concat(frames)));
  }

  /** Everything the other side says until the edge is open, its ACCEPT so long after our INTRODUCE. */
  open(role: Role = "peer", roundTripMs = 0): this {
    const hello = encodeHello(new Uint8Array(32));
    const state = { phase: "introduce", ourHello: hello, theirHello: hello } as const;
    this.receive(hello, encodeIntroduce(this.node("them", role), state, "", new Uint8Array(0)));
    this.clock.advance(roundTripMs);
    this.receive(control.accept.encode({}));
    expect(this.opened).toBe(1);
    return this;
  }

  /** Types of the frames sent since this was last asked. */
  types(): (number | undefined)[] {
    return this.sent.splice(0).map((frame) => frame[4]);
  }

  /** The pings sent since `sent` was last emptied. */
  pings(): { token: number; roundTripMicros: number }[] {
    return this.sent
      .splice(0)
      .filter((frame) => frame[4] === FrameType.ping)
      .map((frame) => control.ping.decode(frame));
  }

  get failure(): string | undefined {
    return this.closed[0]?.message;
  }
}

const { ping, pong } = control;

describe("an edge in its handshake", () => {
  it("says HELLO at once, introduces itself when greeted, and accepts", () => {
    const scene = new Scene();
    scene.clock.advance(0);
    expect(scene.types()).toEqual([FrameType.hello]);
    scene.open();
    expect(scene.types()).toEqual([FrameType.introduce, FrameType.accept, FrameType.ping]);
    expect([scene.edge.open, scene.edge.peer.name]).toEqual([true, "them"]);
  });

  it("refuses who has not finished after 4 s", () => {
    const scene = new Scene();
    scene.receive(encodeHello(new Uint8Array(32)));
    scene.clock.advance(LIMITS.handshakeMs - 1);
    expect(scene.closed).toEqual([]);
    scene.clock.advance(1);
    expect(scene.failure).toBe("[timed-out] no handshake within 4000 ms from memory://them");
    expect(scene.types().at(-1)).toBe(FrameType.refuse);
  });

  it("skips frames of a later version that may be skipped", () => {
    const scene = new Scene();
    scene.receive(new Uint8Array([0, 0, 0, 9, 0xfe, 0, 0, 0, 0xff]));
    scene.open();
  });
});

describe("an open edge", () => {
  it("hands on the frames of a packet one by one, and answers pings itself", () => {
    const scene = new Scene().open();
    scene.types();
    scene.receive(
      control.synced.encode({}),
      ping.encode({ token: 7, roundTripMicros: 0 }),
      new Uint8Array([0, 0, 0, 8, FrameType.data, 0, 0, 0]),
    );
    expect(scene.frames).toEqual([FrameType.synced, FrameType.data]);
    expect(scene.sent.map((frame) => pong.decode(frame))).toEqual([{ token: 7 }]);
  });

  it.each([
    ["a frame of 7 bytes", [0, 0, 0, 7, 0x11, 0, 0, 0], "a frame of 7 bytes does not fit its packet"],
    ["a frame longer than its packet", [0, 0, 0, 9, 0x11, 0, 0, 0], "a frame of 9 bytes does not fit its packet"],
    ["three stray bytes", [0, 0, 0], "a frame of 0 bytes does not fit its packet"],
    [
      "three stray bytes behind a frame",
      [0, 0, 0, 8, 0x11, 0, 0, 0, 0, 0, 0],
      "a frame of 0 bytes does not fit its packet",
    ],
    ["seven stray bytes", [0, 0, 0, 8, 0x11, 0, 0], "a frame of 8 bytes does not fit its packet"],
  ])("ends over %s, and says so", (_what, packet, detail) => {
    const scene = new Scene().open();
    scene.types();
    scene.receive(new Uint8Array(packet));
    expect(scene.failure).toBe(`[malformed-frame] ${detail}`);
    expect(scene.types()).toEqual([FrameType.goodbye]);
  });

  it("takes longer frames from a peer than from a leaf, and hardly any from a stranger", () => {
    expect(new Scene("gateway").edge.maxFrameBytes).toBe(LIMITS.handshakeFrameBytes);
    expect(new Scene("gateway").open("leaf").edge.maxFrameBytes).toBe(LIMITS.leafFrameBytes);
    expect(new Scene("gateway").open("peer").edge.maxFrameBytes).toBe(LIMITS.frameBytes);
  });

  it("tells who ended it and why, and knows only codes of the table", () => {
    for (const [code, known] of [
      ["forbidden", "forbidden"],
      ["toString", "goodbye"],
    ]) {
      const scene = new Scene().open();
      scene.receive(control.goodbye.encode({ code: code!, detail: "why" }), control.synced.encode({}));
      expect(scene.failure).toBe(`[${known}] the other side ended the edge: why`);
      expect(scene.frames).toEqual([]);
    }
  });

  it("drops a link that is still there a second after their goodbye", () => {
    const scene = new Scene().open();
    scene.receive(control.goodbye.encode({ code: "goodbye", detail: "why" }));
    expect(scene.givenUp).toBe(false);
    scene.clock.advance(1_000);
    expect(scene.givenUp).toBe(true);
  });

  it("ends for the reason that the link gives, though something was to be written when it had ended", () => {
    const scene = new Scene().open();
    scene.linkEnded = true;
    scene.edge.send(Lane.reliable, [control.synced.encode({})]);
    scene.clock.advance(0);
    expect(scene.closed).toEqual([]);
    scene.edge.onClosed(new MeshError("malformed-frame", "this is not a frame: it looks like HTTP"));
    expect(scene.failure).toBe("[malformed-frame] this is not a frame: it looks like HTTP");
  });

  it("ends itself, after the work in hand, when control frames pile up; the sender of one goes on", () => {
    const scene = new Scene().open();
    scene.types();
    scene.writable = false;
    const large = new Uint8Array(LIMITS.laneQueueBytes / 4);
    for (let i = 0; i < 10; i++) scene.edge.send(Lane.control, [large]);
    expect(scene.closed).toEqual([]);
    scene.clock.advance(0);
    expect(scene.failure).toMatch(
      /^\[overflow\] \d+ bytes in \d+ frames wait in lane 0 already; the neighbour reads too slowly$/,
    );
    expect(scene.closed).toHaveLength(1);
  });

  it("leaves it to the sender of a call what to do when calls pile up", () => {
    const scene = new Scene().open();
    scene.writable = false;
    const large = new Uint8Array(LIMITS.laneQueueBytes / 2);
    scene.clock.advance(0);
    scene.edge.send(Lane.control, [control.synced.encode({})]);
    scene.clock.advance(0);
    scene.edge.send(Lane.reliable, [large]);
    scene.edge.send(Lane.reliable, [large]);
    expect(() => scene.edge.send(Lane.reliable, [large])).toThrow("[overflow]");
    scene.clock.advance(0);
    expect(scene.closed).toEqual([]);
  });
});

describe("keep-alive between peers", () => {
  it("pings every second, and measures what comes back", () => {
    const scene = new Scene().open("peer", 20);
    expect(scene.edge.latency.roundTripMs).toBe(20); // the handshake's own
    const [first] = scene.pings();
    scene.clock.advance(40);
    scene.receive(pong.encode({ token: first!.token }));
    expect([scene.edge.latency.roundTripMs, scene.measured]).toEqual([30, [30]]);
    scene.clock.advance(TIMINGS.peerPingMs);
    expect(scene.pings()).toMatchObject([{ roundTripMicros: 30_000 }]);
  });

  it("ends after 3 s without any sign of life", () => {
    const scene = new Scene().open();
    scene.clock.advance(2_999);
    expect(scene.closed).toEqual([]);
    scene.clock.advance(1_001);
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 3000 ms");
  });

  it("ends after 3 s of silence also when something came between the ping and the silence", () => {
    const scene = new Scene().open();
    scene.clock.advance(10);
    scene.receive(control.synced.encode({}));
    scene.clock.advance(5_000);
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 3000 ms");
  });

  it("takes any frame as a sign of life, and goes on asking who answers no ping", () => {
    const scene = new Scene().open();
    for (let second = 0; second < 20; second++) {
      scene.clock.advance(1_000);
      scene.receive(control.synced.encode({}));
    }
    expect(scene.closed).toEqual([]);
    expect(scene.pings().length).toBeGreaterThan(4);
  });

  it("takes the bytes of a frame that is not whole yet as a sign of life", () => {
    const scene = new Scene().open();
    for (scene.receivedBytes = 0; scene.receivedBytes < 20_000; scene.receivedBytes += 1_000)
      scene.clock.advance(1_000);
    expect(scene.closed).toEqual([]);
    scene.clock.advance(5_000);
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 3000 ms");
  });

  it("judges nobody after this very process has slept", () => {
    const scene = new Scene().open();
    scene.clock.stall(60_000);
    expect(scene.closed).toEqual([]);
    scene.receive(control.synced.encode({}));
    scene.clock.advance(2_999);
    expect(scene.closed).toEqual([]);
  });

  it("does not take the pong of an older ping for that of the newest", () => {
    const scene = new Scene().open();
    const [first] = scene.pings();
    scene.receive(pong.encode({ token: first!.token + 1 }));
    expect(scene.measured).toEqual([]);
  });
});

describe("keep-alive between a gateway and a leaf", () => {
  it("pings the leaf every 20 s and ends 3 s after the time of a pong that does not come", () => {
    const scene = new Scene("gateway").open("leaf", 10);
    const [first] = scene.pings();
    expect(first?.roundTripMicros).toBe(10_000);
    scene.clock.advance(10);
    scene.receive(pong.encode({ token: first!.token }));
    scene.clock.advance(TIMINGS.leafPingMs - 10);
    expect(scene.pings().length).toBe(1);
    scene.clock.advance(TIMINGS.pongMs + 9);
    expect(scene.closed).toEqual([]);
    scene.clock.advance(1);
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 23000 ms");
  });

  it("takes what leaves a link that was full as a sign of life, and ends 23 s after the last of it", () => {
    const scene = new Scene("gateway").open("leaf");
    scene.writable = false;
    scene.waitingBytes = 1_000_000;
    scene.edge.send(Lane.reliable, [new Uint8Array(8)]);
    scene.clock.advance(0);
    for (; scene.waitingBytes > 900_000; scene.waitingBytes -= 1_000) scene.clock.advance(2_500);
    expect(scene.closed).toEqual([]);
    scene.clock.advance(TIMINGS.leafPingMs + TIMINGS.pongMs - 1_000);
    expect(scene.closed).toEqual([]);
    scene.clock.advance(2_000);
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 23000 ms");
  });

  it("does not take what an idle link takes at once as a sign of life", () => {
    const scene = new Scene("gateway").open("leaf");
    for (let second = 0; second < 23; second++) {
      expect(scene.closed).toEqual([]);
      scene.edge.send(Lane.reliable, [new Uint8Array(1_000)]);
      scene.clock.advance(1_000);
    }
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 23000 ms");
  });

  it("asks before what is written, so that the answer does not wait behind it", () => {
    const scene = new Scene("gateway").open("leaf");
    scene.receive(pong.encode({ token: scene.pings()[0]!.token }));
    scene.clock.advance(TIMINGS.leafWritePingMs - 1);
    scene.edge.send(Lane.reliable, [new Uint8Array(8)]);
    scene.clock.advance(0);
    expect(scene.types()).toEqual([0]);
    scene.clock.advance(1);
    scene.edge.send(Lane.reliable, [new Uint8Array(8)]);
    scene.clock.advance(0);
    expect(scene.types()).toEqual([FrameType.ping, 0]);
  });

  it("judges no leaf after this very process has slept", () => {
    const scene = new Scene("gateway").open("leaf");
    scene.clock.stall(60_000);
    scene.receive(control.synced.encode({}));
    scene.clock.advance(10_000);
    expect(scene.closed).toEqual([]);
  });

  it("lets the leaf only listen, and end after 23 s of silence", () => {
    const scene = new Scene("leaf").open("gateway");
    scene.types();
    scene.clock.advance(22_999);
    expect([scene.types(), scene.closed]).toEqual([[], []]);
    scene.clock.advance(1);
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 23000 ms");
  });

  it("lets a leaf that doubts ask, and end after 3 s of silence instead of 23", () => {
    const scene = new Scene("leaf").open("gateway");
    scene.clock.advance(10_000);
    scene.types();
    scene.edge.probe();
    scene.clock.advance(2_999);
    expect([scene.pings().length, scene.closed]).toEqual([1, []]);
    scene.clock.advance(1);
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 3000 ms");
  });

  it("is content with the answer to the newest question, and listens again", () => {
    const scene = new Scene("leaf").open("gateway");
    scene.edge.probe();
    scene.clock.advance(2_000);
    scene.edge.probe();
    const [first, second] = scene.pings();
    scene.receive(pong.encode({ token: second!.token }));
    expect(first!.token).toBeLessThan(second!.token);
    scene.clock.advance(22_999);
    expect(scene.closed).toEqual([]);
    scene.clock.advance(1);
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 23000 ms");
  });

  it("does not let who asks again and again put off the end", () => {
    const scene = new Scene("leaf").open("gateway");
    for (let tenths = 0; tenths < 30; tenths++) {
      expect(scene.closed).toEqual([]);
      scene.edge.probe();
      scene.clock.advance(100);
    }
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 3000 ms");
  });

  it("takes what comes late, and what still leaves a full link, as signs of life while it waits for the answer", () => {
    const scene = new Scene("leaf").open("gateway");
    scene.waitingBytes = 1_000_000;
    scene.edge.probe();
    for (; scene.waitingBytes > 900_000; scene.waitingBytes -= 10_000) scene.clock.advance(1_000);
    for (let second = 0; second < 10; second += 2) {
      scene.receive(control.synced.encode({}));
      scene.clock.advance(2_000);
    }
    expect(scene.closed).toEqual([]);
    scene.clock.advance(1_000);
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 3000 ms");
  });

  it("lets a leaf that was asleep read what waits, and ask, before it judges", () => {
    const scene = new Scene("leaf").open("gateway");
    scene.types();
    scene.clock.stall(3_600_000);
    expect([scene.pings().length, scene.closed]).toEqual([1, []]);
    scene.clock.advance(2_999);
    expect(scene.closed).toEqual([]);
    scene.clock.advance(1);
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 3000 ms");
  });

  it("judges in the end although its timers are always late, as in a tab hidden for long", () => {
    const scene = new Scene("leaf").open("gateway");
    let minutes = 0;
    for (; scene.closed.length === 0 && minutes < 10; minutes++) scene.clock.stall(60_000);
    expect(scene.failure).toBe("[timed-out] nothing heard from them at memory://them for 3000 ms");
    expect(minutes).toBeLessThan(9);
  });

  it("judges no handshake by time it slept: what waits is read first", () => {
    const scene = new Scene("leaf");
    scene.clock.stall(60_000); // the turn's own `soon`
    scene.clock.stall(60_000);
    expect(scene.closed).toEqual([]);
    scene.open("gateway");
    expect(scene.edge.open).toBe(true);
  });

  it("takes a ticket as a leaf, and not as anybody else", () => {
    const frame = control.ticket.encode({ ticket: new Uint8Array([1, 2, 3]) });
    const leaf = new Scene("leaf").open("gateway");
    leaf.receive(frame);
    expect([leaf.host.ticket, leaf.edge.open]).toEqual([new Uint8Array([1, 2, 3]), true]);
    const gateway = new Scene("gateway").open("leaf");
    gateway.receive(frame);
    expect([gateway.host.ticket.byteLength, gateway.failure]).toEqual([0, "[malformed-frame] a ticket is for a leaf"]);
  });

  it("believes a leaf, and nobody else, that it is away", () => {
    const gateway = new Scene("gateway").open("leaf");
    gateway.receive(control.away.encode({ away: true }));
    expect(gateway.edge.away).toBe(true);
    gateway.receive(control.away.encode({ away: false }));
    expect(gateway.edge.away).toBe(false);
    const peer = new Scene("gateway").open("peer");
    peer.receive(control.away.encode({ away: true }));
    expect(peer.edge.away).toBe(false);
  });

  it("tells the leaf the round trip its gateway has measured", () => {
    const scene = new Scene("leaf").open("gateway", 12.5);
    scene.receive(ping.encode({ token: 1, roundTripMicros: 12_500 }));
    expect(scene.edge.latency.roundTripMs).toBe(12.5);
    expect(readU32(scene.sent.at(-1)!, 0)).toBe(16);
  });
});
