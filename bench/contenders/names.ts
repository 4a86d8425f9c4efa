/** The contenders by name, as far as driver and table need to know them. */

interface Facts {
  readonly title: string;
  /** What it runs over, and which raw contenders it is compared with. */
  readonly wire: "tcp" | "ws";
  /** 2 where a third process stands in the middle. */
  readonly hops: 1 | 2;
}

export const CONTENDERS = {
  "raw-tcp-batched": { title: "raw TCP, batched", wire: "tcp", hops: 1 },
  "raw-tcp-unbatched": { title: "raw TCP, one by one", wire: "tcp", hops: 1 },
  "mesh-tcp": { title: "Chaski: peer to peer", wire: "tcp", hops: 1 },
  "mesh-tcp-call": { title: "Chaski: peer calls peer", wire: "tcp", hops: 1 },
  "raw-ws-batched": { title: "raw WebSocket, batched", wire: "ws", hops: 1 },
  "raw-ws-unbatched": { title: "raw WebSocket, one by one", wire: "ws", hops: 1 },
  "mesh-ws": { title: "Chaski: gateway to leaf", wire: "ws", hops: 1 },
  "mesh-ws-call": { title: "Chaski: gateway calls leaf", wire: "ws", hops: 1 },
  "mesh-relay": { title: "Chaski: peer, gateway, leaf", wire: "ws", hops: 2 },
  "mesh-relay-call": { title: "Chaski: peer calls leaf, two hops", wire: "ws", hops: 2 },
} as const satisfies Record<string, Facts>;

export type ContenderName = keyof typeof CONTENDERS;

/** The raw contenders over the same wire, itself left out. */
export function baselinesOf(name: ContenderName): ContenderName[] {
  const { wire } = CONTENDERS[name];
  return ([`raw-${wire}-batched`, `raw-${wire}-unbatched`] as const).filter((baseline) => baseline !== name);
}
