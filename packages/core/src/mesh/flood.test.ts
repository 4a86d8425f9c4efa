import { describe, expect, it } from "vitest";
import { keylessIdentity } from "../auth/index.ts";
import { silentLogger } from "../base/clock.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import { Turn } from "../base/turn.ts";
import type { Edge } from "../edge/index.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { control, FrameType, Reader, Writer } from "../wire/index.ts";
import { Mesh, PeerSpeaker } from "./index.ts";

const identity = keylessIdentity(new SeededRandom(1));
const [chatter, quiet] = ["c".repeat(32), "d".repeat(32)];
const UNSIGNED = { signature: new Uint8Array(0) };

function recordOf(id: string, sequence: number, incarnation = 1): Uint8Array {
  const writer = new Writer();
  control.recordBody.write(writer, {
    ...{ id, incarnation, sequence, role: "peer", name: "b", publicKey: new Uint8Array(0), addresses: [] },
    ...{ neighbours: [], directory: 0, gone: false },
  });
  return control.record.encode({ ageMs: 0, body: writer.finish(), ...UNSIGNED });
}

function shareOf(
  id: string,
  version: number,
  whole = version === 1,
  pattern = `t/${version}`,
  incarnation = 1,
): Uint8Array {
  const writer = new Writer();
  control.shareBody.write(writer, {
    ...{ id, incarnation, version, whole, topics: [{ pattern, self: true, leaves: 0 }], services: [] },
  });
  return control.share.encode({ body: writer.finish(), ...UNSIGNED });
}

/** An edge whose link takes what waits when told to. */
class PlainEdge {
  readonly role = "peer";
  readonly id: string;
  #waiting: (() => Uint8Array | undefined)[] = [];

  constructor(id: string) {
    this.id = id;
  }

  send(_lane: number, frame: readonly Uint8Array[]): void {
    const frames = [...frame];
    this.#waiting.push(() => frames.shift());
  }

  sendLate(frames: () => Uint8Array | undefined): void {
    this.#waiting.push(frames);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** What leaves now: `c 5` is number 5 of its record, `c:5` version 5 of its share. */
  take(): string[] {
    const taken: string[] = [];
    for (const next of this.#waiting.splice(0))
      for (let frame = next(); frame; frame = next())
        if (frame[4] === FrameType.record) {
          const { id, sequence } = control.recordBody.read(new Reader(control.record.decode(frame).body));
          taken.push(`${id[0]} ${sequence}`);
        } else if (frame[4] === FrameType.share) {
          const { id, version } = control.shareBody.read(new Reader(control.share.decode(frame).body));
          taken.push(`${id[0]}:${version}`);
        }
    return taken.filter((what) => !what.startsWith(identity.id[0]!));
  }
}

function scene() {
  const clock = new VirtualClock();
  const turn = new Turn(clock);
  const [from, to] = [new PlainEdge("a".repeat(32)), new PlainEdge("b".repeat(32))];
  const edges = [from, to] as unknown as Edge[];
  const mesh = new Mesh({
    local: {
      ...{ identity, verifier: undefined, mesh: "default", name: "a", role: "peer", incarnation: 1 },
      ...{ addresses: () => [], credential: () => "" },
    },
    ...{ clock, turn, logger: silentLogger, interest: () => ({ topics: [], services: [] }) },
    speaker: (options) => new PeerSpeaker(options),
    ...{
      edges: () => edges,
      edge: () => undefined,
      onJoin: () => {},
      onLeave: () => {},
      onNewLife: () => {},
      onChange: () => {},
    },
  });
  const tell = (...frames: Uint8Array[]): void =>
    turn.run(() => {
      for (const frame of frames) mesh.onFrame(edges[0]!, frame[4]!, frame);
    });
  return { clock, mesh, to, tell };
}

describe("a neighbour that reads slowly", () => {
  it("is told the newest record of each peer, and its share version by version, once it reads", () => {
    const { to, tell } = scene();
    tell(); // its own record
    to.take();
    tell(recordOf(chatter, 1), shareOf(chatter, 1), recordOf(quiet, 1));
    for (let i = 2; i <= 9; i++) tell(recordOf(chatter, i), shareOf(chatter, i));
    expect(to.waiting).toBe(2);
    expect(to.take()).toEqual(["c 9", ...Array.from({ length: 9 }, (_, i) => `c:${i + 1}`), "d 1"]);
    tell(shareOf(chatter, 10));
    expect(to.take()).toEqual(["c:10"]);
  });

  it("is told a share from its last whole version on, also when that has come meanwhile", () => {
    const { to, tell } = scene();
    tell(recordOf(chatter, 1), shareOf(chatter, 1), shareOf(chatter, 2));
    to.take();
    tell(shareOf(chatter, 3), shareOf(chatter, 4, true), shareOf(chatter, 5));
    expect(to.take()).toEqual(["c:4", "c:5"]);
  });

  it("is told of the life that is", () => {
    const { to, tell } = scene();
    tell(recordOf(chatter, 1), shareOf(chatter, 1));
    for (let version = 2; version < 9; version++) tell(shareOf(chatter, version));
    to.take();
    tell(shareOf(chatter, 9), recordOf(chatter, 1, 2), shareOf(chatter, 1, true, "new", 2));
    expect(to.take()).toEqual(["c 1", "c:1"]);
  });
});

describe("a peer that says something new every millisecond", () => {
  it("is passed on at an even pace, the newest of it at the end, and holds up nobody else", () => {
    const { clock, mesh, to, tell } = scene();
    const told: string[] = [];
    for (let i = 1; i <= 2_000; i++) {
      tell(recordOf(chatter, i), shareOf(chatter, i));
      if (i === 1_000) tell(recordOf(quiet, 1));
      told.push(...to.take().map((what) => (what.startsWith("d") ? `${what} at ${i}` : what)));
      clock.advance(1);
    }
    clock.advance(TIMINGS.originPauseMs);
    told.push(...to.take());
    const records = told.filter((what) => what.startsWith("c "));
    expect(records.at(-1)).toBe("c 2000");
    expect(records.length).toBeLessThan(LIMITS.originBurst + 2_000 / TIMINGS.originPauseMs + 2);
    // What came between a release and its leaving comes once more with the next one.
    const shares = told.filter((what, i) => what.startsWith("c:") && told.lastIndexOf(what, i - 1) < 0);
    expect(shares).toEqual(Array.from({ length: 2_000 }, (_, i) => `c:${i + 1}`));
    expect(told).toContain("d 1 at 1000");
    expect(mesh.holdings.heldBack).toBeGreaterThan(3_800);
    mesh.close();
  });

  it("says as much as a peer may without being held back", () => {
    const { clock, mesh, to, tell } = scene();
    for (let i = 1; i <= TIMINGS.recordBurst; i++) tell(recordOf(chatter, i), shareOf(chatter, i));
    expect(to.take()).toHaveLength(1 + TIMINGS.recordBurst);
    for (let i = 11; i <= 100; i++) {
      clock.advance(TIMINGS.recordPauseMs);
      tell(recordOf(chatter, i), shareOf(chatter, i));
      expect(to.take()).toEqual([`c ${i}`, `c:${i}`]);
    }
    expect(mesh.holdings.heldBack).toBe(0);
    mesh.close();
  });
});
