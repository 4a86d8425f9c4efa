import { expect, it } from "vitest";
import { keylessIdentity } from "../auth/index.ts";
import { silentLogger } from "../base/clock.ts";
import { Turn } from "../base/turn.ts";
import type { Edge } from "../edge/index.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { control, FrameType, Writer } from "../wire/index.ts";
import { Mesh, PeerSpeaker } from "./index.ts";

/** A clock on which work takes time. */
class BusyClock extends VirtualClock {
  spentMs = 0;
  override now(): number {
    return super.now() + this.spentMs;
  }
}

const identity = keylessIdentity(new SeededRandom(1));
const neighbour = { id: "b".repeat(32), role: "peer", send: () => {} } as unknown as Edge;

function recordOf(sequence: number): Uint8Array {
  const writer = new Writer();
  control.recordBody.write(writer, {
    ...{ id: neighbour.id, incarnation: 1, sequence, role: "peer", name: "b", publicKey: new Uint8Array(0) },
    ...{ addresses: [], neighbours: [{ id: identity.id, cost: sequence }], directory: 0, gone: false },
  });
  return control.record.encode({ ageMs: 0, body: writer.finish(), signature: new Uint8Array(0) });
}

it.each([
  [1, 84],
  [100, 5],
])("routes that take %d ms are computed %d times in 2 s of changes: never most of the time", (routesMs, times) => {
  const clock = new BusyClock();
  const turn = new Turn(clock);
  let computed = 0;
  const mesh = new Mesh({
    local: {
      ...{ identity, verifier: undefined, mesh: "default", name: "a", role: "peer", incarnation: 1 },
      ...{ addresses: () => [], credential: () => "" },
    },
    ...{ clock, turn, logger: silentLogger, interest: () => ({ topics: [], services: [] }) },
    speaker: (options) => new PeerSpeaker(options),
    ...{ edges: () => [], edge: () => undefined, onJoin: () => {}, onLeave: () => {} },
    onNewLife: () => {},
    onChange: () => {
      computed++;
      clock.spentMs += routesMs;
    },
  });
  for (let sequence = 1; clock.now() < 2_000; sequence++) {
    turn.run(() => mesh.onFrame(neighbour, FrameType.record, recordOf(sequence)));
    clock.advance(1);
  }
  expect(computed).toBe(times);
  mesh.close();
});
