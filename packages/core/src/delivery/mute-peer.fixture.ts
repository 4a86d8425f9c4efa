/** A peer that takes part in the mesh and has no feeds. */
import { keylessIdentity } from "../auth/index.ts";
import { silentLogger } from "../base/clock.ts";
import { Turn } from "../base/turn.ts";
import { Edges, type LocalNode } from "../edge/index.ts";
import { Mesh, PeerSpeaker } from "../mesh/index.ts";
import type { SimulatedMesh } from "../testing/simulated-mesh.ts";

/** Edges and records, but no feeds: every attach is read and forgotten. */
export function mutePeer(simulation: SimulatedMesh, join: string): { close(): Promise<void> } {
  const { clock, random, network } = simulation;
  const local: LocalNode = {
    identity: keylessIdentity(random),
    verifier: undefined,
    mesh: "default",
    name: "mute",
    role: "peer",
    incarnation: 1,
    addresses: () => [],
    credential: () => "",
  };
  const turn = new Turn(clock);
  const edges: Edges = new Edges({
    local,
    clock,
    random,
    turn,
    logger: silentLogger,
    transports: [network.transport("mute")],
    onOpen: (edge) => mesh.onEdgeOpen(edge),
    onMeasured: () => {},
    onClosed: (edge) => mesh.onEdgeClosed(edge),
    onFrame: (edge, type, packet, at, length) => {
      mesh.onFrame(edge, type, packet.subarray(at, at + length));
      return at + length;
    },
    onError: () => {},
    onSeedChange: () => {},
  });
  const mesh: Mesh = new Mesh({
    local,
    clock,
    turn,
    logger: silentLogger,
    speaker: (options) => new PeerSpeaker(options),
    edges: () => edges.values(),
    edge: (id) => edges.get(id),
    interest: () => ({ topics: [], services: [] }),
    onJoin: () => {},
    onLeave: () => {},
    onNewLife: () => {},
    onChange: () => {},
  });
  edges.seed(join);
  return {
    close: () => {
      mesh.close();
      return edges.close();
    },
  };
}
