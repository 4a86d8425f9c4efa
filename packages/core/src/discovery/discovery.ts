/** Who else subscribes to a topic: peers as the directory lists them, leaves as their gateways name them. */
import { checkOptions, checkRange, checkSignal } from "../base/check-options.ts";
import type { Clock } from "../base/clock.ts";
import { asMeshError, MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { checkTopic } from "../base/topic-pattern.ts";
import type { Turn } from "../base/turn.ts";
import type { WaitOptions } from "../base/waiters.ts";
import type { Watch } from "../base/watch.ts";
import type { NodeInfo, PeerWants } from "../mesh/index.ts";
import { LeafQueries, type LeafQueriesHost } from "./leaf-queries.ts";
import { Presence } from "./presence.ts";
import { type Subscriber, Subscribers } from "./subscribers.ts";

export interface DiscoveryHost extends LeafQueriesHost {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly turn: Turn;
  /** Reachable peers that want a topic, this one among them. */
  wantsOf(topic: string): Iterable<readonly [peer: NodeInfo, wants: PeerWants]>;
  /** Whether the directory can be believed. */
  isJoined(): boolean;
  /** Resolves when it can. */
  joined(options: WaitOptions): Promise<void>;
}

export interface DiscoverOptions extends WaitOptions {
  /** How long to wait for the mesh and for gateways, 1 to 3 600 000 ms. Default 5 000. */
  readonly timeoutMs?: number;
}

/** Who was found, and what could not be found out. */
export interface Discovered {
  /** By name. */
  readonly nodes: readonly Subscriber[];
  /** Gateways that have leaves on the topic and did not name them (all) in time, and why. */
  readonly missing: readonly { readonly gateway: NodeInfo; readonly error: MeshError }[];
}

const TIMEOUT_MS = 5_000;

export class Discovery {
  readonly #host: DiscoveryHost;
  readonly #queries: LeafQueries;
  readonly #presences = new Set<Presence>();
  #closed = false;

  constructor(host: DiscoveryHost) {
    this.#host = host;
    this.#queries = new LeafQueries(host);
  }

  async discover(topic: string, { timeoutMs = TIMEOUT_MS, signal }: DiscoverOptions): Promise<Discovered> {
    const { clock, self } = this.#host;
    const beganAtMs = clock.now();
    await this.#host.joined({ timeoutMs, ...(signal && { signal }) });
    if (this.#closed) throw new MeshError("closed", "this node was closed meanwhile");
    const leftMs = Math.max(0, timeoutMs - (clock.now() - beganAtMs));
    const found = new Subscribers(self);
    const missing: { gateway: NodeInfo; error: MeshError }[] = [];
    const asked = [...this.#host.wantsOf(topic)].map(async ([peer, wants]) => {
      if (wants.self) found.add(peer, peer.id);
      if (wants.leaves === 0) return;
      try {
        const leaves = await this.#queries.ask(peer.id, topic, { timeoutMs: leftMs, signal });
        for (const leaf of leaves) found.add({ ...leaf, role: "leaf" }, peer.id);
      } catch (error) {
        if (signal?.aborted) throw error;
        missing.push({ gateway: peer, error: asMeshError(error, "unreachable") });
      }
    });
    await Promise.all(asked);
    return { nodes: found.byName(), missing };
  }

  presence(topic: string): Watch<readonly Subscriber[]> {
    const presence = new Presence(topic, {
      ...this.#host,
      queries: this.#queries,
      onClose: () => void this.#presences.delete(presence),
    });
    this.#presences.add(presence);
    presence.update();
    return presence.watch;
  }

  /** The directory or what is reachable has changed. */
  onMeshChange(): void {
    for (const presence of this.#presences) presence.update();
  }

  close(): void {
    this.#closed = true;
    for (const presence of [...this.#presences]) presence.watch.close();
    this.#queries.close();
  }
}

/** @throws {TypeError | RangeError} */
export function checkDiscover(topic: unknown, options: DiscoverOptions): asserts topic is string {
  checkTopic(topic);
  checkOptions("discover", options, ["timeoutMs", "signal"]);
  if (options.timeoutMs !== undefined) checkRange("timeoutMs", options.timeoutMs, 1, 3_600_000);
  checkSignal(options.signal);
}
