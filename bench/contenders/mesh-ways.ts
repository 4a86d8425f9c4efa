/** The ways from node to node that are measured, with the defaults that every user gets. */
import { createGateway } from "@chaski/gateway";
import { createNode, type MeshNode } from "@chaski/node-transport";
import type { Relay } from "./contender.ts";
import { listenHttp } from "./http-server.ts";

/** Where the nodes of one way run: one or more hops between the first and the last. */
export interface MeshWay {
  /** The node at the first end. */
  listen(): Promise<{ readonly node: MeshNode; readonly address: string }>;
  /** A node in the middle. */
  relay?(address: string): Promise<Relay>;
  /** The node at the last end. */
  dial(address: string): Promise<MeshNode>;
}

/** Two peers. */
export const overTcp: MeshWay = {
  async listen() {
    const node = await createNode({ listen: ["tcp://127.0.0.1:0"] });
    return { node, address: node.addresses[0]! };
  },
  dial: (address) => createNode({ join: [address] }),
};

/** Two peers, and between them one that does not subscribe itself, or several in a row. */
export const overRelays: MeshWay = {
  ...overTcp,
  async relay(address) {
    const node = await createNode({ listen: ["tcp://127.0.0.1:0"], join: [address] });
    await node.ready();
    return { address: node.addresses[0]! };
  },
};

/** A gateway, and a leaf that hangs on it as a page would. */
export const overWebSocket: MeshWay = {
  async listen() {
    const gateway = await createGateway({ server: (await listenHttp()).server });
    return { node: gateway.node, address: gateway.address };
  },
  dial: (address) => createNode({ role: "leaf", join: [address] }),
};

/** A peer, a gateway that does not subscribe itself, and a leaf. */
export const overGateway: MeshWay = {
  listen: overTcp.listen,
  async relay(address) {
    const gateway = await createGateway({ server: (await listenHttp()).server, join: [address] });
    await gateway.node.ready();
    return { address: gateway.address };
  },
  dial: overWebSocket.dial,
};
