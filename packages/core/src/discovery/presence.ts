/**
 * Who else subscribes to a topic, as it changes. The directory says when: a gateway tells of a topic again when its leaves
 * on it are others, and is asked for their names again, but not at once more than it and its way can bear.
 */
import type { Clock } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import { dispose } from "../base/platform.ts";
import type { Turn } from "../base/turn.ts";
import { samePlain, Watcher } from "../base/watch.ts";
import type { Leaf, NodeInfo, PeerWants } from "../mesh/index.ts";
import type { LeafQueries } from "./leaf-queries.ts";
import { type Subscriber, Subscribers } from "./subscribers.ts";

export interface PresenceHost {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly turn: Turn;
  readonly queries: LeafQueries;
  /** Reachable peers that want a topic, this one among them. */
  wantsOf(topic: string): Iterable<readonly [peer: NodeInfo, wants: PeerWants]>;
  /** Whether the directory can be believed. */
  isJoined(): boolean;
  onClose(): void;
}

/** A gateway is not asked again for so long after it has answered, in ms, and for so much more for each leaf named. */
const PAUSE_MS = 250;
const PAUSE_MS_PER_LEAF = 0.5;
/** How long it has for an answer, in ms. */
const ANSWER_MS = 5_000;
/** One that did not answer is asked again after this, in ms; then it doubles, up to the second. */
const RETRY_MS = 5_000;
const RETRY_MAX_MS = 80_000;

/** A gateway with leaves on the topic. */
interface Gateway {
  /** Named last. */
  leaves: readonly Leaf[];
  /** What the directory said when they were asked for. */
  revision: string | undefined;
  asking: boolean;
  /** It has answered or failed to. */
  tried: boolean;
  failures: number;
  notBeforeMs: number;
}

export class Presence {
  readonly watch: Watcher<readonly Subscriber[]>;
  readonly #topic: string;
  readonly #host: PresenceHost;
  readonly #gateways = new Map<NodeId, Gateway>();
  #timer: Disposable | undefined;
  /** The first set has been given. */
  #begun = false;
  #closed = false;

  constructor(topic: string, host: PresenceHost) {
    this.#topic = topic;
    this.#host = host;
    this.watch = new Watcher<readonly Subscriber[]>({
      read: () => this.#read(),
      same: samePlain,
      onClose: () => {
        this.#closed = true;
        this.#timer?.[dispose]();
        host.onClose();
      },
    });
  }

  /** Look at what the directory says now, and ask whoever may have other leaves than before. */
  update(): void {
    this.#timer?.[dispose]();
    this.#timer = undefined;
    const nowMs = this.#host.clock.now();
    const gone = new Set(this.#gateways.keys());
    let dueMs = Number.POSITIVE_INFINITY;
    for (const [{ id }, { leaves, revision }] of this.#host.wantsOf(this.#topic)) {
      if (leaves === 0) continue;
      gone.delete(id);
      const gateway = this.#gateway(id);
      if (gateway.asking || gateway.revision === revision) continue;
      if (gateway.notBeforeMs <= nowMs) void this.#ask(id, gateway, revision);
      else dueMs = Math.min(dueMs, gateway.notBeforeMs);
    }
    for (const id of gone) this.#gateways.delete(id);
    if (dueMs < Number.POSITIVE_INFINITY)
      this.#timer = this.#host.clock.setTimer(dueMs - nowMs, () => this.#host.turn.run(() => this.update()));
    this.watch.changed();
  }

  #gateway(id: NodeId): Gateway {
    let gateway = this.#gateways.get(id);
    if (!gateway) {
      gateway = {
        ...{ leaves: [], revision: undefined, asking: false, tried: false, failures: 0 },
        notBeforeMs: Number.NEGATIVE_INFINITY,
      };
      this.#gateways.set(id, gateway);
    }
    return gateway;
  }

  async #ask(id: NodeId, gateway: Gateway, revision: string): Promise<void> {
    gateway.asking = true;
    let pauseMs: number;
    try {
      gateway.leaves = await this.#host.queries.ask(id, this.#topic, { timeoutMs: ANSWER_MS });
      gateway.revision = revision;
      gateway.failures = 0;
      pauseMs = PAUSE_MS + gateway.leaves.length * PAUSE_MS_PER_LEAF;
    } catch {
      // Out of reach, or overloaded: it is asked again, and what it named last holds until then.
      pauseMs = Math.min(RETRY_MS * 2 ** gateway.failures++, RETRY_MAX_MS);
    }
    gateway.asking = false;
    gateway.tried = true;
    gateway.notBeforeMs = this.#host.clock.now() + pauseMs;
    if (!this.#closed) this.update();
  }

  /** The first set waits for the mesh to be joined and for every gateway to have had its chance to answer. */
  #read(): readonly Subscriber[] | undefined {
    if (!this.#host.isJoined()) return undefined;
    const present = new Subscribers(this.#host.self);
    for (const [peer, { self, leaves }] of this.#host.wantsOf(this.#topic)) {
      if (self) present.add(peer, peer.id);
      if (leaves === 0) continue;
      const gateway = this.#gateways.get(peer.id);
      if (!gateway?.tried && !this.#begun) return undefined;
      for (const leaf of gateway?.leaves ?? []) present.add({ ...leaf, role: "leaf" }, peer.id);
    }
    this.#begun = true;
    return present.byName();
  }
}
