/**
 * Real nodes on a simulated network: the unmodified `createNode` over the in-memory transport, on a virtual clock and a
 * seeded random source. The same seed plays the same run.
 */
import { keylessIdentity } from "../auth/index.ts";
import { MemoryNetwork, type MemoryNetworkOptions } from "../link/index.ts";
import { createNode, type MeshNode } from "../node.ts";
import type { NodeOptions, Runtime } from "../node-options.ts";
import { peerParts } from "../role-parts.ts";
import { SeededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface SimulatedMeshOptions {
  readonly seed?: number;
  /** Lets every promise that can go on go on; on Node, one `setImmediate`. */
  readonly settle: () => Promise<void>;
  readonly delayMs?: MemoryNetworkOptions["delayMs"];
}

export class SimulatedMesh implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  readonly nodes = new Map<string, MeshNode>();
  readonly #settle: () => Promise<void>;

  constructor(options: SimulatedMeshOptions) {
    this.random = new SeededRandom(options.seed ?? 1);
    this.#settle = options.settle;
    this.network = new MemoryNetwork({ clock: this.clock, delayMs: options.delayMs ?? 1 });
  }

  /**
   * A node named `name` that listens on `memory://name` (unless a leaf) and joins the nodes named.
   * @param replace Parts of its runtime, such as the identity of a former life.
   */
  async node(
    name: string,
    options: Omit<NodeOptions, "join" | "listen"> & { readonly join?: readonly string[] } = {},
    replace: Partial<Runtime> = {},
  ): Promise<MeshNode> {
    const { join = [], role = "peer", ...rest } = options;
    const node = await createNode(
      {
        name,
        role,
        ...rest,
        listen: role === "leaf" ? [] : [`memory://${name}`],
        join: join.map((other) => `memory://${other}`),
      },
      {
        clock: this.clock,
        random: this.random,
        transports: [this.network.transport(name)],
        identity: keylessIdentity(this.random),
        role,
        peerParts,
        ...replace,
      },
    );
    this.nodes.set(name, node);
    return node;
  }

  /** Let `ms` of virtual time pass; promises go on after every event. */
  async run(ms: number): Promise<void> {
    const endMs = this.clock.now() + ms;
    await this.#settle();
    while ((this.clock.nextMs ?? Number.POSITIVE_INFINITY) <= endMs) {
      this.clock.step();
      await this.#settle();
    }
    this.clock.advance(endMs - this.clock.now());
  }

  /** Run until `promise` settles, at most `ms`. */
  async until<T>(promise: Promise<T>, ms = 60_000): Promise<T> {
    const endMs = this.clock.now() + ms;
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    await this.#settle();
    while (!settled && (this.clock.nextMs ?? Number.POSITIVE_INFINITY) <= endMs) {
      this.clock.step();
      await this.#settle();
    }
    if (!settled) throw new Error(`nothing happened within ${ms} ms of virtual time`);
    return promise;
  }

  /** Close all nodes; afterwards no timer and no link is left, or this throws. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closing = Promise.all([...this.nodes.values()].map((node) => node.close()));
    await this.until(closing);
    await this.run(5_000);
    if (this.clock.pending > 0) throw new Error(`${this.clock.pending} timers are left after every node was closed`);
    if (this.network.openLinks > 0)
      throw new Error(`${this.network.openLinks} links are left after every node was closed`);
  }
}
