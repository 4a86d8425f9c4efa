/** A peer behind a gateway, both in the test's own process. The peer publishes numbers, and reads what the page says. */
import type { Gateway } from "@chaski/gateway";
import type { MeshNode } from "@chaski/node-transport";

/** Between two numbers, in ms. */
const PACE_MS = 50;

export class LifeMesh {
  readonly url: string;
  /** What the page has published. */
  readonly heard: unknown[] = [];
  /** Of what the page has published. */
  readonly gaps: string[] = [];
  readonly #gateway: Gateway;
  readonly #peer: MeshNode;
  #published = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined;

  /** @param page The folder of the page. @param logBytes Of the gateway and the peer. */
  static async start(page: string, logBytes?: number): Promise<LifeMesh> {
    // Imported here, in the worker: Playwright's main process lists the specs without our source condition.
    const { createNode } = await import("@chaski/node-transport");
    const { createGateway } = await import("@chaski/gateway");
    const log = logBytes === undefined ? {} : { logBytes };
    const peer = await createNode({ name: "peer", mesh: "life", listen: ["tcp://127.0.0.1:0"], ...log });
    const options = { mesh: "life", http: { port: 0 }, join: [...peer.addresses], static: page };
    const gateway = await createGateway({ ...options, ...log });
    await gateway.node.ready();
    const mesh = new LifeMesh(gateway, peer);
    const up = peer.subscribe("up", {}, ({ data }) => void mesh.heard.push(data));
    up.on("gap", ({ reason }) => void mesh.gaps.push(reason));
    await up.ready;
    return mesh;
  }

  private constructor(gateway: Gateway, peer: MeshNode) {
    this.#gateway = gateway;
    this.#peer = peer;
    this.url = gateway.url;
  }

  get published(): number {
    return this.#published;
  }

  /** Publish 20 numbers a second until `pause`. */
  stream(): void {
    this.#timer ??= setInterval(() => this.#publish(), PACE_MS);
  }

  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Publish many at once. */
  burst(count: number): void {
    for (let sent = 0; sent < count; sent++) this.#publish();
  }

  /** Resolves when so many have been published from now on by `stream`: `ms` later, about. */
  streamed(ms: number): Promise<void> {
    this.stream();
    return new Promise((resolve) => (this.#waiting = { count: this.#published + ms / PACE_MS, resolve }));
  }

  /** Names of the leaves that hang on the gateway. */
  leaves(): string[] {
    return this.#gateway.node.edges.filter(({ peer: { role } }) => role === "leaf").map(({ peer: { name } }) => name);
  }

  /** WebSockets that leaves hang on: channels of one come from one port. */
  webSockets(): number {
    const leaves = this.#gateway.node.edges.filter(({ peer: { role } }) => role === "leaf");
    return new Set(leaves.map(({ address }) => new URL(address).host)).size;
  }

  async stop(): Promise<void> {
    this.pause();
    await this.#gateway.close({ timeoutMs: 0 });
    await this.#peer.close({ timeoutMs: 0 });
  }

  #publish(): void {
    void this.#peer.publish("down", this.#published++);
    if (!this.#waiting || this.#published < this.#waiting.count) return;
    this.#waiting.resolve();
    this.#waiting = undefined;
  }
}
