import type { NodeId } from "../base/ids.ts";
import type { NodeInfo } from "../mesh/index.ts";

/** A node that subscribes to a topic. */
export interface Subscriber extends NodeInfo {
  /** The peer it is reached at: itself, or the gateway it hangs on. */
  readonly home: NodeId;
}

/** Subscribers gathered from several places, each once; whoever asks is left out. */
export class Subscribers {
  readonly #self: NodeId;
  readonly #byId = new Map<NodeId, Subscriber>();

  constructor(self: NodeId) {
    this.#self = self;
  }

  add({ id, name, role }: NodeInfo, home: NodeId): void {
    if (id !== this.#self) this.#byId.set(id, { id, name, role, home });
  }

  byName(): readonly Subscriber[] {
    return [...this.#byId.values()].sort((one, other) => compare(one.name, other.name) || compare(one.id, other.id));
  }
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
