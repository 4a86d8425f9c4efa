/** The contenders by name, as far as driver and table need to know them. */

interface Facts {
  readonly title: string;
  /** What it runs over, and which raw contenders it is compared with. "none": one process works alone (`work/`). */
  readonly wire: "tcp" | "ws" | "none";
  /** Processes in the middle. */
  readonly relays: 0 | 1 | 2;
}

export const CONTENDERS = {
  "raw-tcp-batched": { title: "raw TCP, batched", wire: "tcp", relays: 0 },
  "raw-tcp-unbatched": { title: "raw TCP, one by one", wire: "tcp", relays: 0 },
  "mesh-tcp": { title: "Chaski: peer to peer", wire: "tcp", relays: 0 },
  "mesh-tcp-relay": { title: "Chaski: peer, relay, peer", wire: "tcp", relays: 1 },
  "mesh-tcp-relay-2": { title: "Chaski: peer, two relays, peer", wire: "tcp", relays: 2 },
  "mesh-tcp-call": { title: "Chaski: peer calls peer", wire: "tcp", relays: 0 },
  "raw-ws-batched": { title: "raw WebSocket, batched", wire: "ws", relays: 0 },
  "raw-ws-unbatched": { title: "raw WebSocket, one by one", wire: "ws", relays: 0 },
  "mesh-ws": { title: "Chaski: gateway to leaf", wire: "ws", relays: 0 },
  "mesh-ws-call": { title: "Chaski: gateway calls leaf", wire: "ws", relays: 0 },
  "mesh-relay": { title: "Chaski: peer, gateway, leaf", wire: "ws", relays: 1 },
  "mesh-relay-call": { title: "Chaski: peer calls leaf, two hops", wire: "ws", relays: 1 },
  "breadth-first": { title: "every edge seen once", wire: "none", relays: 0 },
  "shortest-paths": { title: "Chaski: routes to all peers", wire: "none", relays: 0 },
  scan: { title: "one pattern after the other", wire: "none", relays: 0 },
  index: { title: "Chaski: index of patterns", wire: "none", relays: 0 },
  ed25519: { title: "Ed25519 verification alone", wire: "none", relays: 0 },
  record: { title: "Chaski: a record that is news", wire: "none", relays: 0 },
  "old-record": { title: "Chaski: a record heard again", wire: "none", relays: 0 },
} as const satisfies Record<string, Facts>;

export type ContenderName = keyof typeof CONTENDERS;

/** What one process does alone. */
export type WorkName = {
  [Name in ContenderName]: (typeof CONTENDERS)[Name]["wire"] extends "none" ? Name : never;
}[ContenderName];

export const isWork = (name: ContenderName): name is WorkName => CONTENDERS[name].wire === "none";

const REFERENCES: Readonly<Partial<Record<ContenderName, ContenderName>>> = {
  "mesh-tcp-relay": "mesh-tcp",
  "mesh-tcp-relay-2": "mesh-tcp",
  "shortest-paths": "breadth-first",
  index: "scan",
  record: "ed25519",
  "old-record": "ed25519",
};

/** What else a contender is compared with: the same without relays, or the plainest way to do the same work. */
export const referenceOf = (name: ContenderName): ContenderName | undefined => REFERENCES[name];

/** Everything a contender is compared with: the raw ones over the same wire, itself left out, and its reference. */
export function baselinesOf(name: ContenderName): ContenderName[] {
  const { wire } = CONTENDERS[name];
  const raw = wire === "none" ? [] : ([`raw-${wire}-batched`, `raw-${wire}-unbatched`] as const);
  const reference = referenceOf(name);
  return [...raw.filter((baseline) => baseline !== name), ...(reference ? [reference] : [])];
}
