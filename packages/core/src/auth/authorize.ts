/** The one question asked at every ingress: may this subject do this to that? */
import type { NodeId } from "../base/ids.ts";
import type { Role } from "../wire/index.ts";

/** The neighbour a request came in from. */
export interface Subject {
  readonly id: NodeId;
  readonly role: Role;
  readonly name: string;
}

/**
 * `subscribe` names a pattern, `publish` the topic of a flow of the neighbour's own, `call` the id of the node called,
 * `relay` the id of the node whose messages or calls are passed on, from the neighbour or to it.
 */
export type Action = "subscribe" | "publish" | "call" | "relay";

/** A refusal is counted, logged and told to the neighbour as `forbidden`, and ends nothing else. Must not throw. */
export type Authorize = (subject: Subject, action: Action, resource: string) => boolean;

/** Members trust each other until grants say otherwise. */
export const allowAll: Authorize = () => true;
