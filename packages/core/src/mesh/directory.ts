/** Who wants and who offers what, read off the records. It answers questions and never decides where data flows. */
import type { NodeId } from "../base/ids.ts";
import { matches } from "../base/topic-pattern.ts";
import type { Role } from "../wire/index.ts";
import type { StoredRecord } from "./records.ts";

export interface NodeInfo {
  readonly id: NodeId;
  readonly name: string;
  readonly role: Role;
}

/** An exposed object, and where it is: at a peer, or at a leaf of the gateway `home`. */
export interface ServiceInstance {
  readonly service: string;
  readonly owner: NodeId;
  readonly ownerName: string;
  readonly home: NodeId;
}

/** Peers that subscribe to `topic`, and how many leaves do. */
export function subscribersOf(records: Iterable<StoredRecord>, topic: string): { peers: NodeInfo[]; leaves: number } {
  const peers: NodeInfo[] = [];
  let leaves = 0;
  for (const record of records) {
    const matching = record.topics.filter((entry) => matches(entry.pattern, topic));
    if (matching.some((entry) => entry.self)) peers.push({ id: record.id, name: record.name, role: record.role });
    // Patterns that overlap may count a leaf more than once; the largest single count is certain.
    leaves += matching.reduce((most, entry) => Math.max(most, entry.leaves), 0);
  }
  return { peers, leaves };
}

/** Every exposed object in the mesh. */
export function* servicesOf(records: Iterable<StoredRecord>): Generator<ServiceInstance> {
  for (const record of records) {
    for (const { service, owner, ownerName } of record.services) yield { service, owner, ownerName, home: record.id };
  }
}
