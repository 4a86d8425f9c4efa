import { expectTypeOf } from "vitest";
import type {
  Connection,
  Discovered,
  Edge,
  Gap,
  MeshError,
  MeshErrorCode,
  MeshNode,
  Message,
  NodeOptions,
  Remote,
  Subscriber,
  Subscription,
  Topology,
  Watch,
} from "./index.ts";

declare const node: MeshNode;

// Subscriptions give messages of the type asked for; without one, data must be looked at before it is used.
interface Pose {
  x: number;
}
expectTypeOf(node.subscribe("pose")).toEqualTypeOf<Subscription<unknown>>();
expectTypeOf(node.subscribe<Pose>("pose")).toEqualTypeOf<Subscription<Pose>>();
for await (const message of node.subscribe<Pose>("pose")) {
  expectTypeOf(message).toEqualTypeOf<Message<Pose>>();
  expectTypeOf(message.data.x).toEqualTypeOf<number>();
  expectTypeOf(message.gap).toEqualTypeOf<Gap | undefined>();
  // @ts-expect-error a message is read only
  message.seq = 1;
}
for await (const { data } of node.subscribe("pose")) expectTypeOf(data).toEqualTypeOf<unknown>();
node.subscribe<Pose>("pose", {}, (message) => {
  expectTypeOf(message.data).toEqualTypeOf<Pose>();
});
node.subscribe<Pose>("pose", { capacity: 10, overflow: "drop-newest", echo: false }, async () => {});
// @ts-expect-error a policy there is not
node.subscribe("pose", { overflow: "sometimes" });
// @ts-expect-error an unknown option
node.subscribe("pose", { size: 1 });
// @ts-expect-error a pattern is a text
node.subscribe(42);
node.subscribe("pose").on("gap", ({ from, to, reason }) => {
  expectTypeOf([from, to]).toEqualTypeOf<number[]>();
  expectTypeOf(reason).toEqualTypeOf<"forgotten" | "origin-lost" | "too-slow" | "undecodable">();
});
// @ts-expect-error no such event
node.subscribe("pose").on("message", () => {});

// Publishing takes anything, and says when it is held.
expectTypeOf(node.publish("pose", { x: 1 })).toEqualTypeOf<Promise<void>>();
void node.publish("pose", new Uint8Array(0), {
  transfer: true,
  reliability: "volatile",
  headers: { a: 1, b: "c", d: null },
});
// @ts-expect-error data is missing
void node.publish("pose");
// @ts-expect-error a header is a small value
void node.publish("pose", 1, { headers: { nested: {} } });
// @ts-expect-error a reliability there is not
void node.publish("pose", 1, { reliability: "maybe" });

// Events carry what they are about.
node.on("edgeopen", (edge) => expectTypeOf(edge).toEqualTypeOf<Edge>());
node.on("edgeclose", ({ error, reason }) => {
  expectTypeOf(error).toEqualTypeOf<MeshError | undefined>();
  expectTypeOf(reason).toEqualTypeOf<MeshErrorCode>();
});
node.on("nodeleave", ({ reason }) => expectTypeOf(reason).toEqualTypeOf<"goodbye" | "unreachable" | "expired">());
expectTypeOf(node.status().edges[0]!.lanes.volatile.bytesIn).toEqualTypeOf<number>();
node.on("connection", (connection) => expectTypeOf(connection).toEqualTypeOf<Connection>());
// @ts-expect-error no such event
node.on("edge", () => {});

// Views are plain values, read only; a watch is a loop that can be closed.
expectTypeOf(node.topology()).toEqualTypeOf<Promise<Topology>>();
expectTypeOf(node.watchTopology()).toEqualTypeOf<Watch<Topology>>();
for await (const { nodes, edges } of node.watchTopology()) {
  expectTypeOf(nodes[0]!.role).toEqualTypeOf<"peer" | "gateway" | "leaf">();
  expectTypeOf(edges[0]!.latencyMs).toEqualTypeOf<number | undefined>();
  // @ts-expect-error a topology is read only
  nodes.push({ id: "", name: "", role: "peer" });
}
{
  using watch = node.watchTopology();
  watch.close();
}

expectTypeOf(node.discover("pose", { timeoutMs: 100 })).toEqualTypeOf<Promise<Discovered>>();
expectTypeOf<Discovered["nodes"]>().toEqualTypeOf<readonly Subscriber[]>();
expectTypeOf<Discovered["missing"][number]["error"]>().toEqualTypeOf<MeshError>();
// @ts-expect-error no such option
void node.discover("pose", { timeout: 100 });
expectTypeOf(node.presence("pose")).toEqualTypeOf<Watch<readonly Subscriber[]>>();
for await (const [subscriber] of node.presence("pose")) expectTypeOf(subscriber!.home).toEqualTypeOf<string>();

// Remote objects are typed by whoever asks.
expectTypeOf(node.remote<{ add(a: number): number }>("calculator")).toEqualTypeOf<Remote<{ add(a: number): number }>>();
// @ts-expect-error an object, not a number
node.remote<number>("calculator");
// @ts-expect-error only objects are exposed
node.expose("calculator", 42);

// Options are named and checked.
expectTypeOf<NodeOptions>().toHaveProperty("join");
// @ts-expect-error an unknown option
void ({ listn: [] } satisfies NodeOptions);
void ({ observe: true, relay: { allow: ["a/**"], deny: ["a/b"] } } satisfies NodeOptions);
// @ts-expect-error patterns stand under what becomes of them
void ({ relay: ["a/**"] } satisfies NodeOptions);
// @ts-expect-error one address is no list
void ({ join: "tcp://127.0.0.1:1" } satisfies NodeOptions);
