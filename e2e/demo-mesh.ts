/** The demo as `npm start` runs it, on free ports: three processes, and a gateway that can be killed. */
import { BUILT_PAGE } from "./build-page.ts";
import { DemoProcess } from "./demo-process.ts";

export class DemoMesh {
  /** The dashboard's address; the same after a restart of the gateway. */
  readonly url: string;
  /** Where a peer joins: the process that publishes the metrics. */
  readonly metricsAddress: string;
  readonly #peers: readonly DemoProcess[];
  readonly #joins: readonly string[];
  #gateway: DemoProcess;

  static async start(options: { readonly intervalMs?: number } = {}): Promise<DemoMesh> {
    const metrics = new DemoProcess("metrics.ts", ["--interval", String(options.intervalMs ?? 250)]);
    const metricsAddress = await metrics.address;
    const machine = new DemoProcess("machine.ts", ["--join", metricsAddress]);
    const joins = ["--join", metricsAddress, "--join", await machine.address];
    const gateway = startGateway("0", joins);
    return new DemoMesh([metrics, machine], gateway, joins, metricsAddress, await gateway.address);
  }

  private constructor(
    peers: readonly DemoProcess[],
    gateway: DemoProcess,
    joins: readonly string[],
    metricsAddress: string,
    url: string,
  ) {
    this.#peers = peers;
    this.#gateway = gateway;
    this.#joins = joins;
    this.metricsAddress = metricsAddress;
    this.url = url;
  }

  /** As a crash or `kill -9` does it: without a word to anybody. */
  killGateway(): Promise<void> {
    return this.#gateway.stop("SIGKILL");
  }

  /** On the same port. Resolves when it is ready. */
  async startGateway(): Promise<void> {
    this.#gateway = startGateway(new URL(this.url).port, this.#joins);
    await this.#gateway.address;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#gateway, ...this.#peers].map((process) => process.stop()));
  }
}

/** A gateway in a process of its own. @param page The folder it serves. */
export function startGateway(port: string, joins: readonly string[], page = BUILT_PAGE): DemoProcess {
  return new DemoProcess("gateway.ts", ["--port", port, "--page", page, ...joins]);
}
