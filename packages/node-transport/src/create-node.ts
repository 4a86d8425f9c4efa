/** A node in a Node process: TCP, an Ed25519 identity, the system's clock. */
import { createNode as createCoreNode, type MeshNode, type NodeOptions, peerParts, type Runtime } from "@chaski/core";
import { nodeClock } from "./node-clock.ts";
import { ephemeralIdentity, nodeVerifier } from "./node-identity.ts";
import { nodeRandom } from "./node-random.ts";
import { tcpTransport } from "./tcp-transport.ts";
import { webSocketTransport } from "./websocket-transport.ts";

/** What a Node process brings along; a part of it can be replaced. */
export function nodeRuntime(replace: Partial<Runtime> = {}): Runtime {
  return {
    clock: nodeClock,
    random: nodeRandom,
    transports: [tcpTransport(), webSocketTransport()],
    identity: replace.identity ?? ephemeralIdentity(),
    verifier: nodeVerifier,
    role: "peer",
    peerParts,
    warn: (text, error) => console.warn(text, error),
    ...replace,
  };
}

/**
 * Make a node. Resolves when it listens; joining goes on in the background and unreachable addresses never reject.
 * Addresses are `tcp://host:port`, IPv6 `tcp://[::1]:port`, and a gateway's `https://gateway.example`.
 *
 * @throws {TypeError | RangeError} for options that are wrong, naming option, rule and value.
 * @throws {MeshError} `listen-failed`
 */
export function createNode(options: NodeOptions = {}): Promise<MeshNode> {
  return createCoreNode(options, nodeRuntime());
}
