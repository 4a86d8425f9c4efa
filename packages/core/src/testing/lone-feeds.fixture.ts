/** Feeds without a mesh, on virtual time: a test says itself who there is, and what comes. */
import { keylessIdentity } from "../auth/index.ts";
import { silentLogger } from "../base/clock.ts";
import { Turn } from "../base/turn.ts";
import { Feeds, Ingress, RelayPolicy } from "../delivery/index.ts";
import type { LocalNode } from "../edge/index.ts";
import { SeededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** @param host What is to be otherwise than for a peer that knows nobody. */
export function loneFeeds(host: Partial<ConstructorParameters<typeof Feeds>[0]> = {}) {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const turn = new Turn(clock);
  const local: LocalNode = {
    ...{ identity: keylessIdentity(random), verifier: undefined, mesh: "m", name: "n", incarnation: 1 },
    role: "peer",
    addresses: () => [],
    credential: () => "",
  };
  const feeds = new Feeds({
    ...{ local, clock, random, turn, logBytes: 1_000_000 },
    ingress: new Ingress(() => true, silentLogger),
    relay: new RelayPolicy(),
    incarnation: () => 1,
    origins: () => [],
    incarnationOf: () => undefined,
    nextHop: () => undefined,
    joined: () => true,
    ...host,
  });
  return { feeds, clock, turn, local };
}
