import { describe, expect, it, onTestFinished } from "vitest";
import { LIMITS } from "./base/limits.ts";
import type { MeshNode } from "./node.ts";
import { settle } from "./testing/node-settle.fixture.ts";
import { SimulatedMesh } from "./testing/simulated-mesh.ts";

function simulation(): SimulatedMesh {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  return mesh;
}

/** What plain JavaScript may pass where types would not allow it. */
// biome-ignore lint/suspicious/noExplicitAny: that is what this file is about.
type Anything = any;

const long = "x".repeat(300);
const SCHEMES = "an address with one of the schemes memory";

const id = "0".repeat(32);
const cases: readonly [string, (node: Anything) => unknown, string][] = [
  // topics
  ["publish to no topic", (node) => node.publish(undefined, 1), "topic must be a string, got undefined"],
  [
    "publish to a pattern",
    (node) => node.publish("a/*", 1),
    'topic must not contain *, which belongs to patterns (only subscribe takes patterns), got "a/*"',
  ],
  [
    "publish to an empty segment",
    (node) => node.publish("a//b", 1),
    'topic must not have an empty segment, got "a//b"',
  ],
  [
    "publish to a reserved topic",
    (node) => node.publish("$sys", 1),
    'topic must not begin with $, which is reserved, got "$sys"',
  ],
  ["publish a function", (node) => node.publish("a", () => {}), "data cannot be encoded as MessagePack"],
  [
    "publish with null for options",
    (node) => node.publish("a", 1, null),
    "the options of publish must be an object, got null",
  ],
  [
    "publish with an unknown option",
    (node) => node.publish("a", 1, { reliable: true }),
    'publish has no option "reliable"; it has reliability, headers, offline, transfer',
  ],
  [
    "publish with a reliability there is not",
    (node) => node.publish("a", 1, { reliability: "maybe" }),
    'reliability must be "reliable" or "volatile", got "maybe"',
  ],
  [
    "publish with transfer that is no flag",
    (node) => node.publish("a", 1, { transfer: "yes" }),
    'transfer must be true or false, got "yes"',
  ],
  [
    "publish with headers that are a text",
    (node) => node.publish("a", 1, { headers: "h" }),
    'headers must be an object, got "h"',
  ],
  [
    "publish with headers that are a list",
    (node) => node.publish("a", 1, { headers: [] }),
    "headers must be an object, got an array",
  ],
  [
    "publish with an object as header",
    (node) => node.publish("a", 1, { headers: { h: {} } }),
    'headers must hold texts, numbers, booleans and null, got an object as "h"',
  ],
  [
    "publish with too large headers",
    (node) => node.publish("a", 1, { headers: { h: "x".repeat(70_000) } }),
    "headers must encode to at most 65536 bytes, got 70008",
  ],
  ["subscribe to no pattern", (node) => node.subscribe(), "pattern must be a string, got undefined"],
  [
    "subscribe to half a wildcard",
    (node) => node.subscribe("a*"),
    'pattern may use * and ** only as whole segments, got "a*"',
  ],
  [
    "subscribe as in MQTT",
    (node) => node.subscribe("a/#"),
    'pattern must not have a segment #; for subscribe, ** is what # is in MQTT, got "a/#"',
  ],
  [
    "subscribe with a handler for options",
    (node) => node.subscribe("a", () => {}),
    "the options of subscribe must be an object, got a function",
  ],
  [
    "subscribe with an unknown option",
    (node) => node.subscribe("a", { size: 1 }),
    'subscribe has no option "size"; it has capacity, overflow, echo',
  ],
  [
    "subscribe with room for nothing",
    (node) => node.subscribe("a", { capacity: 0 }),
    "capacity must be a whole number of at least 1, got 0",
  ],
  [
    "subscribe with room for half a message",
    (node) => node.subscribe("a", { capacity: 1.5 }),
    "capacity must be a whole number of at least 1, got 1.5",
  ],
  [
    "subscribe with an overflow there is not",
    (node) => node.subscribe("a", { overflow: "block" }),
    'overflow must be "drop-oldest" or "drop-newest", got "block"',
  ],
  [
    "subscribe with echo that is no flag",
    (node) => node.subscribe("a", { echo: 0 }),
    "echo must be true or false, got 0",
  ],
  [
    "subscribe with a handler that is no function",
    (node) => node.subscribe("a", {}, "handler"),
    'the handler of a subscription must be a function, got "handler"',
  ],
  ["ask who subscribes to a pattern", (node) => node.subscribers("a/*"), "topic must not contain *"],
  [
    "wait for no subscriber",
    (node) => node.waitForSubscribers("a", { count: 0 }),
    "count must be a number from 1 to 1000000000, got 0",
  ],
  [
    "wait for subscribers less than no time",
    (node) => node.waitForSubscribers("a", { timeoutMs: -1 }),
    "timeoutMs must be a number from 0 to 2147483647, got -1",
  ],
  [
    "wait for subscribers with an unknown option",
    (node) => node.waitForSubscribers("a", { timeout: 1 }),
    'waitForSubscribers has no option "timeout"; it has count, timeoutMs, signal',
  ],
  ["discover a pattern", (node) => node.discover("a/*"), "topic must not contain *"],
  [
    "discover with an unknown option",
    (node) => node.discover("a", { timeout: 1 }),
    'discover has no option "timeout"; it has timeoutMs, signal',
  ],
  [
    "discover without any time",
    (node) => node.discover("a", { timeoutMs: 0 }),
    "timeoutMs must be a number from 1 to 3600000, got 0",
  ],
  [
    "discover with a controller for a signal",
    (node) => node.discover("a", { signal: new AbortController() }),
    "signal must be an AbortSignal, got an object",
  ],
  ["watch the presence on a pattern", (node) => node.presence("**"), "topic must not contain *"],
  ["watch the presence on no topic", (node) => node.presence(), "topic must be a string, got undefined"],
  // remote objects
  [
    "expose under no name",
    (node) => node.expose("", {}),
    'the name of an exposed object must be a string that is not empty, got ""',
  ],
  [
    "expose under a long name",
    (node) => node.expose(long, {}),
    "the name of an exposed object must be at most 256 bytes of UTF-8",
  ],
  ["expose nothing", (node) => node.expose("a", null), 'the target exposed as "a" must be an object, got null'],
  [
    "expose a function",
    (node) => node.expose("a", () => {}),
    'the target exposed as "a" must be an object, got a function',
  ],
  [
    "expose with an unknown option",
    (node) => node.expose("a", {}, { only: [] }),
    'expose has no option "only"; it has methods',
  ],
  [
    "expose with one name as list",
    (node) => node.expose("a", {}, { methods: "add" }),
    'methods must be a list of names, got "add"',
  ],
  [
    "expose the same name twice",
    (node) => [node.expose("a", {}), node.expose("a", {})],
    '"a" is exposed by this node already',
  ],
  [
    "call nobody's object",
    (node) => node.remote(42),
    "the name of an exposed object must be a string that is not empty, got 42",
  ],
  [
    "call with an unknown option",
    (node) => node.remote("a", { timeout: 1 }),
    'remote has no option "timeout"; it has node, timeoutMs, signal',
  ],
  [
    "call a node without a name",
    (node) => node.remote("a", { node: "" }),
    'node must be the id or name of a node, got ""',
  ],
  [
    "call without any time",
    (node) => node.remote("a", { timeoutMs: 0 }),
    "timeoutMs must be a number from 1 to 3600000, got 0",
  ],
  [
    "call with a controller for a signal",
    (node) => node.remote("a", { signal: new AbortController() }),
    "signal must be an AbortSignal, got an object",
  ],
  [
    "$with an unknown option",
    (node) => node.remote("a").$with({ node: "b" }),
    '$with has no option "node"; it has timeoutMs, signal',
  ],
  // the node
  ["connect to nothing", (node) => node.connect(), "address must be an address such as tcp://host:port, got undefined"],
  [
    "connect over another transport",
    (node) => node.connect("tcp://127.0.0.1:1"),
    `address must be ${SCHEMES}, got "tcp://127.0.0.1:1"`,
  ],
  ["disconnect a name", (node) => node.disconnect("b"), 'a node id is 32 lower-case hexadecimal digits, got "b"'],
  ["ping nobody", (node) => node.ping(), "a node id is 32 lower-case hexadecimal digits, got undefined"],
  [
    "ping with too many bytes",
    (node) => node.ping(id, { bytes: 2 ** 21 }),
    "bytes must be a number from 0 to 1048576, got 2097152",
  ],
  [
    "ping with an unknown option",
    (node) => node.ping(id, { size: 1 }),
    'ping has no option "size"; it has bytes, timeoutMs',
  ],
  [
    "wait until ready with a text",
    (node) => node.ready({ timeoutMs: "1s" }),
    'timeoutMs must be a number from 0 to 2147483647, got "1s"',
  ],
  [
    "listen to an event there is not",
    (node) => node.on("edge", () => {}),
    'there is no event "edge"; there are edgeopen, edgeclose',
  ],
  ["listen without a listener", (node) => node.on("error"), 'on("error") needs a function as listener, got undefined'],
  [
    "listen with an unknown option",
    (node) => node.on("error", () => {}, { once: true }),
    'on has no option "once"; it has signal',
  ],
  [
    "listen to a subscription's event there is not",
    (node) => node.subscribe("a").on("message", () => {}),
    'there is no event "message"; there are gap, drop',
  ],
  [
    "close with an unknown option",
    (node) => node.close({ timeout: 1 }),
    'close has no option "timeout"; it has timeoutMs',
  ],
  [
    "close within less than no time",
    (node) => node.close({ timeoutMs: -1 }),
    "timeoutMs must be a number from 0 to 3600000, got -1",
  ],
];

describe("a node throws at the call, with argument, rule and value, when asked to", () => {
  it.each(cases)("%s", async (_what, call, message) => {
    const mesh = simulation();
    const node = await mesh.node("a");
    const before = node.status();
    let thrown: unknown;
    try {
      call(node);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toSatisfy((error) => error instanceof TypeError || error instanceof RangeError);
    expect((thrown as Error).message).toContain(message);
    expect(node.status().joins).toEqual(before.joins);
  });

  it("publish more than 8 MiB, from a leaf more than 1 MiB", async () => {
    const mesh = simulation();
    const node = await mesh.node("a", { role: "gateway" });
    const leaf = await mesh.node("leaf", { role: "leaf", join: ["a"] });
    const publish = (from: MeshNode, bytes: number): Promise<void> => from.publish("big", new Uint8Array(bytes));
    expect(() => publish(node, LIMITS.messageBytes + 1)).toThrow(
      '[too-large] data of 8388609 bytes on "big", more than the 8388608 allowed; send it in parts',
    );
    expect(() => publish(leaf, LIMITS.leafMessageBytes + 1)).toThrow("[too-large] data of 1048577 bytes");
    await mesh.until(publish(node, LIMITS.messageBytes));
    await mesh.until(publish(leaf, LIMITS.leafMessageBytes));
  });

  it("read a subscription twice", async () => {
    const mesh = simulation();
    const node = await mesh.node("a");
    const loop = node.subscribe("a");
    loop[Symbol.asyncIterator]();
    expect(() => loop[Symbol.asyncIterator]()).toThrow(
      'the subscription to "a" has a reader already; subscribe once more for a second',
    );
    const handled = node.subscribe("a", {}, () => {});
    expect(() => handled[Symbol.asyncIterator]()).toThrow('the subscription to "a" is read by its handler already');
  });
});

describe("a closed node throws at the call", () => {
  it.each<[string, (node: MeshNode) => unknown]>([
    ["publish", (node) => node.publish("a", 1)],
    ["subscribe", (node) => node.subscribe("a")],
    ["expose", (node) => node.expose("a", {})],
    ["remote", (node) => node.remote("a")],
    ["connect", (node) => node.connect("memory://b")],
    ["ping", (node) => node.ping(id)],
    ["discover", (node) => node.discover("a")],
    ["presence", (node) => node.presence("a")],
    ["watchTopology", (node) => node.watchTopology()],
  ])("%s", async (what, call) => {
    const mesh = simulation();
    const node = await mesh.node("a");
    const closing = node.close();
    expect(() => call(node)).toThrow(`[closed] ${what} after this node was closed`);
    await mesh.until(closing);
    expect(() => call(node)).toThrow(`[closed] ${what} after this node was closed`);
  });

  it("and may be closed again", async () => {
    const mesh = simulation();
    const node = await mesh.node("a");
    await mesh.until(Promise.all([node.close(), node.close(), node[Symbol.asyncDispose]()]));
  });
});

describe("connect() to an address that is joined anyway", () => {
  it("that fails leaves the joining alone", async () => {
    const mesh = simulation();
    const node = await mesh.node("a", { join: ["b"] });
    await expect(mesh.until(node.connect("memory://b"))).rejects.toMatchObject({ code: "dial-failed" });
    await mesh.node("b");
    await mesh.run(20_000);
    expect(node.edges.map(({ peer }) => peer.name)).toEqual(["b"]);
  });

  it("that fails is forgotten when nobody else wants it", async () => {
    const mesh = simulation();
    const node = await mesh.node("a");
    await expect(mesh.until(node.connect("memory://b"))).rejects.toMatchObject({ code: "dial-failed" });
    expect(node.status().joins).toEqual([]);
  });
});
