/** Nodes that publish and subscribe: the library as its users use it, a handler as reader. */
import { type Contender, one } from "./contender.ts";
import type { MeshWay } from "./mesh-ways.ts";
import { TopicEnd } from "./topic-end.ts";

export function topics(way: MeshWay): Contender {
  return {
    ...(way.relay && { relay: way.relay }),
    messagesPerPayload: one,

    async listen(onPayload) {
      const { node, address } = await way.listen();
      const end = new TopicEnd(node, "first", onPayload);
      return { address, connected: () => end.connected(), send: (payload) => end.send(payload) };
    },

    async dial(address, onPayload) {
      const end = new TopicEnd(await way.dial(address), "last", onPayload);
      await end.connected();
      return end;
    },
  };
}
