/** The one question asked at every ingress: may this subject do this to that? */
import type { NodeId } from "../base/ids.ts";
import type { Role } from "../wire/index.ts";

/** The neighbour a request came in from. */
export interface Subject {
  readonly id: NodeId;
  readonly role: Role;
  readonly name: string;
}

/** `subscribe` and `publish` name a topic or pattern, `call` a node id, `relay` the id of the node relayed for. */
export type Action = "subscribe" | "publish" | "call" | "relay";

export type Authorize = (subject: Subject, action: Action, resource: string) => boolean;

/** Members trust each other until grants say otherwise. */
export const allowAll: Authorize = () => true;
