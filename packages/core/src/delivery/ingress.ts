/**
 * The door: every request of a neighbour is held against the rules here. A refusal is counted, logged and told to the
 * neighbour, and ends nothing but what was asked for.
 */
import type { Action, Authorize } from "../auth/index.ts";
import type { Logger } from "../base/clock.ts";
import type { Edge } from "../edge/index.ts";
import { control, Lane, type RefusedAction } from "../wire/index.ts";

export class Ingress {
  /** Requests refused so far. */
  refused = 0;
  readonly #authorize: Authorize;
  readonly #logger: Logger;

  constructor(authorize: Authorize, logger: Logger) {
    this.#authorize = authorize;
    this.#logger = logger;
  }

  /** Whether the neighbour may do this. */
  admits(edge: Edge, action: Action, resource: string): boolean {
    if (this.#authorize(edge.subject, action, resource)) return true;
    this.refused++;
    this.#logger.log("warn", "refused", { peer: edge.id, name: edge.peer.name, action, resource });
    return false;
  }

  /** The same for what has no answer of its own to say so: the neighbour is told. */
  admitsOrTells(edge: Edge, action: RefusedAction, resource: string): boolean {
    if (this.admits(edge, action, resource)) return true;
    edge.send(Lane.control, [control.refused.encode({ action, resource })]);
    return false;
  }
}
