/** A neighbour that speaks the wire format by hand, and so may say what none of ours would. */
import { keylessIdentity } from "../auth/index.ts";
import { silentLogger } from "../base/clock.ts";
import { Turn } from "../base/turn.ts";
import { Edges, type LocalNode } from "../edge/index.ts";
import type { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { control, dataFlow, FrameType, Lane, Reader, type Role } from "../wire/index.ts";

export interface RawNode {
  /** The incarnation that the record of this node told. */
  incarnationOf(id: string): number;
  /** The incarnation that the gateway introduced itself with. */
  readonly gatewayIncarnation: number;
  /** The flow that the newest data frame came in; 0 before the first. */
  readonly newestFlow: number;
  send(frame: Uint8Array): void;
  close(): Promise<void>;
}

/** A raw leaf at a gateway, or a raw peer at any node. It has an edge after a second of virtual time. */
export function rawLeaf(mesh: SimulatedMesh, name: string, gateway: string, role: Role = "leaf"): RawNode {
  const { clock, random, network } = mesh;
  const local: LocalNode = {
    identity: keylessIdentity(random),
    verifier: undefined,
    mesh: "default",
    name,
    role,
    incarnation: 1,
    addresses: () => [],
    credential: () => "",
  };
  const incarnations = new Map<string, number>();
  let newestFlow = 0;
  const edges = new Edges({
    local,
    clock,
    random,
    turn: new Turn(clock),
    logger: silentLogger,
    transports: [network.transport(name)],
    onOpen: (edge) => edge.send(Lane.control, [control.digest.encode({ whole: true, known: [] })]),
    onMeasured: () => {},
    onClosed: () => {},
    onError: () => {},
    onSeedChange: () => {},
    onFrame: (_edge, type, packet, at, length) => {
      const frame = packet.subarray(at, at + length);
      if (type === FrameType.data) newestFlow = dataFlow(frame, 0);
      if (type === FrameType.record) {
        const body = control.recordBody.read(new Reader(control.record.decode(frame).body));
        incarnations.set(body.id, body.incarnation);
      }
      return at + length;
    },
  });
  edges.seed(`memory://${gateway}`);
  return {
    incarnationOf: (id) => incarnations.get(id)!,
    get gatewayIncarnation() {
      return [...edges.values()][0]!.peer.incarnation;
    },
    get newestFlow() {
      return newestFlow;
    },
    send: (frame) => {
      for (const edge of edges.values()) edge.send(Lane.control, [frame]);
    },
    close: () => edges.close(),
  };
}
