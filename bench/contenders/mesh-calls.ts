/** Nodes that call: the last end exposes an object, the first one calls its method and takes the result for the echo. */
import { type Contender, one } from "./contender.ts";
import type { MeshWay } from "./mesh-ways.ts";

const SERVICE = "bench-echo";
/** Subscribed to once the object is exposed, so that the caller can wait for it. */
const EXPOSED = "bench/exposed";

const echo = { echo: (bytes: Uint8Array): Uint8Array => bytes };

export function calls(way: MeshWay): Contender {
  return {
    ...(way.relay && { relay: way.relay }),
    messagesPerPayload: one,

    async listen(onPayload) {
      const { node, address } = await way.listen();
      const remote = node.remote<typeof echo>(SERVICE);
      return {
        address,
        connected: () => node.waitForSubscribers(EXPOSED),
        send: async (payload) => onPayload(await remote.echo(payload)),
      };
    },

    async dial(address) {
      const node = await way.dial(address);
      node.expose(SERVICE, echo);
      await node.ready();
      await node.subscribe(EXPOSED).ready;
      return { send: () => Promise.reject(new Error("the last end of a call only answers")) };
    },
  };
}
