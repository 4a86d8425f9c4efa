/** A node in a page or a worker: a leaf that hangs on a gateway over WebSocket. */
import { createNode as createCoreNode, type MeshNode, type NodeOptions, type Runtime } from "@chaski/core";
import { browserClock } from "./browser-clock.ts";
import { browserRandom } from "./browser-random.ts";
import { pageIdentity } from "./page-identity.ts";
import { pageLifecycle } from "./page-lifecycle.ts";
import type { SharedConnection } from "./shared-connection.ts";
import { webSocketTransport } from "./websocket-transport.ts";

/** A page cannot listen, and is always a leaf. */
export interface BrowserNodeOptions extends Omit<NodeOptions, "listen" | "advertise" | "role" | "observe" | "relay"> {
  /** One WebSocket for all tabs that say so: `viaSharedWorker(...)`. Default: a connection of its own. */
  readonly shared?: SharedConnection;
}

/** What a page brings along; a part of it can be replaced. */
export async function browserRuntime(replace: Partial<Runtime> = {}): Promise<Runtime> {
  return {
    clock: browserClock,
    random: browserRandom,
    transports: [webSocketTransport()],
    identity: replace.identity ?? (await pageIdentity(browserRandom)),
    role: "leaf",
    lifecycle: pageLifecycle(),
    warn: (text, ...error) => console.warn(text, ...error.filter((cause) => cause !== undefined)),
    ...replace,
  };
}

/**
 * Make a node. Resolves at once; joining goes on in the background and an unreachable gateway never rejects.
 * Addresses are those of gateways: `https://gateway.example`, `location.origin`, `wss://gateway.example/path`.
 *
 * @throws {TypeError | RangeError} for options that are wrong, naming option, rule and value.
 */
export async function createNode(options: BrowserNodeOptions = {}): Promise<MeshNode> {
  const { shared, ...rest } = options;
  if (shared !== undefined && typeof shared !== "function")
    throw new TypeError(`shared must be what viaSharedWorker() gives, got ${shared}`);
  const runtime = await browserRuntime();
  if (!shared) return createCoreNode(rest, runtime);
  const { clock, lifecycle, transports, warn } = runtime;
  const transport = shared({ join: rest.join ?? [], clock, lifecycle, own: transports[0]!, warn });
  return createCoreNode(rest, { ...runtime, transports: [transport] });
}
