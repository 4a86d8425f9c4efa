/** Bad input of the control plane that a peer of good standing sends: each ends when the node has closed its connection. */
import { bytes, frame, id, list, Type, text, u8, u32, u64 } from "./by-hand.fixture.ts";
import { ANY_NODE, type Attack, joined } from "./tcp-attacks.fixture.ts";

/** Ids of peers that do not exist. */
const nobody = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `e${i.toString(16).padStart(31, "0")}`);

const LEAF = { role: 2 } as const;
const share = frame(Type.share, bytes(Buffer.alloc(10)), bytes(Buffer.alloc(64)));
const origins = (count: number): Buffer[] => nobody(count).map((origin) => Buffer.concat([id(origin), u64(1)]));
const want = Buffer.concat([text("attack/wanted"), u8(1)]);

/** A record as it came, with another sequence: the signature is not for it any more. */
function renumbered(record: Buffer, sequence: number): Buffer {
  const changed = Buffer.from(record);
  changed.set(u64(sequence), 40);
  return changed;
}

export const CONTROL_ATTACKS: readonly Attack[] = [
  joined("a record under somebody else's id, of a known peer", "bad-credentials", (peer, { neighbour }) =>
    peer.send(peer.identity.record({ of: neighbour, incarnation: Date.now() + 1e6 })),
  ),
  joined("the node's own record with a higher sequence that nobody signed", "bad-credentials", async (peer, target) =>
    peer.send(renumbered(await peer.recordOf(target.id), 1e6)),
  ),
  joined("a neighbour's record with a higher sequence that nobody signed", "bad-credentials", async (peer, target) =>
    peer.send(renumbered(await peer.recordOf(target.neighbour), 1e6)),
  ),
  joined("the record of a leaf", "malformed-frame", (peer) => peer.send(peer.identity.record({ role: 2 }))),
  joined("an edge that costs nothing", "malformed-frame", (peer, target) =>
    peer.send(peer.identity.record({ neighbours: [[target.id, 0]] })),
  ),
  joined("a record that names itself as its neighbour", "malformed-frame", (peer) =>
    peer.send(peer.identity.record({ neighbours: [peer.id] })),
  ),
  joined("a record that names a neighbour twice", "malformed-frame", (peer, target) =>
    peer.send(peer.identity.record({ neighbours: [target.id, [target.id, 2]] })),
  ),
  ...[4_097, 52_000].map((count) =>
    joined(`a record with ${count} neighbours`, "malformed-frame", (peer) =>
      peer.send(peer.identity.record({ neighbours: nobody(count) })),
    ),
  ),
  joined("a record of 1 MB", "malformed-frame", (peer) =>
    peer.send(peer.identity.record({ addresses: Array(1_900).fill("a".repeat(512)) })),
  ),
  joined("a share whose signature is wrong", "bad-credentials", (peer) => {
    peer.beNeighbour();
    peer.send(peer.identity.share({ version: 1, topics: ["steady"], spoilSignature: true }));
  }),
  joined("a share under somebody else's id", "bad-credentials", async (peer, { neighbour }) => {
    const incarnation = Number((await peer.recordOf(neighbour)).readBigUInt64BE(32));
    peer.send(peer.identity.share({ of: neighbour, incarnation, version: 1_000, whole: true }));
  }),
  joined("a later share that nobody signed", "bad-credentials", (peer) => {
    peer.beNeighbour();
    peer.send(peer.identity.share({ version: 5, spoilSignature: true }));
  }),
  joined("a second digest for everything", "malformed-frame", (peer) => peer.send(frame(Type.digest, u8(1), list()))),
  joined("a digest that claims a million entries", "malformed-frame", (peer) =>
    peer.send(frame(Type.digest, u8(0), u32(1e6), Buffer.alloc(400))),
  ),
  joined("the interest of a leaf from a peer", "malformed-frame", (peer) =>
    peer.send(frame(Type.interest, u8(1), list(), list())),
  ),
  joined("a record from a leaf", "malformed-frame", (peer) => peer.send(peer.identity.record()), LEAF),
  joined("a share from a leaf", "malformed-frame", (peer) => peer.send(share), LEAF),
  joined("a leaf that has told all it knows", "malformed-frame", (peer) => peer.send(frame(Type.synced)), LEAF),
  joined("an ATTACH to more origins than there may be peers", "too-large", (peer) =>
    peer.send(frame(Type.attach, list(...origins(20_001)), list(want), list())),
  ),
  joined("a unicast on the lane of control frames", "malformed-frame", (peer) =>
    peer.send(frame(Type.unicast, id(ANY_NODE.repeat(4)))),
  ),
];
