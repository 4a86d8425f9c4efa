import { describe, expect, it, onTestFinished } from "vitest";
import { keylessIdentity } from "./auth/index.ts";
import { createNode } from "./node.ts";
import { peerParts } from "./role-parts.ts";
import { settle } from "./testing/node-settle.fixture.ts";
import { SimulatedMesh } from "./testing/simulated-mesh.ts";

/** What plain JavaScript may pass where types would not allow it. */
// biome-ignore lint/suspicious/noExplicitAny: that is what this file is about.
type Anything = any;

const SCHEMES = "an address with one of the schemes memory";

describe("createNode() refuses", () => {
  it.each<[string, Anything, string]>([
    ["no options", undefined, "the options of createNode must be an object, got undefined"],
    ["a list of options", [], "the options of createNode must be an object, got an array"],
    ["an unknown option", { listn: [] }, 'createNode has no option "listn"; it has name, mesh, role, listen'],
    ["a name that is no text", { name: 42 }, "name must be a string that is not empty, got 42"],
    ["an empty name", { name: "" }, 'name must be a string that is not empty, got ""'],
    ["a long name", { name: "x".repeat(300) }, "name must be at most 256 bytes of UTF-8, got 300"],
    ["a mesh that is no text", { mesh: 1n }, "mesh must be a string that is not empty, got 1n"],
    ["a role there is not", { role: "boss" }, 'role must be "peer", "gateway" or "leaf", got "boss"'],
    ["an address instead of a list", { listen: "memory://a" }, 'listen must be a list of addresses, got "memory://a"'],
    ["an address that is no text", { join: [42] }, "join must hold addresses of at most 512 bytes, got 42"],
    [
      "an address too long",
      { advertise: [`memory://${"x".repeat(600)}`] },
      "advertise must hold addresses of at most 512 bytes",
    ],
    [
      "more addresses than a record names",
      { advertise: Array(17).fill("memory://a") },
      "advertise must hold at most 16 addresses, got 17",
    ],
    ["an address without a scheme", { join: ["nope"] }, `join must be ${SCHEMES}, got "nope"`],
    [
      "an address of another transport",
      { listen: ["carrier-pigeon://x"] },
      `listen must be ${SCHEMES}, got "carrier-pigeon://x"`,
    ],
    [
      "an address its transport finds wrong",
      { join: ["memory://"] },
      'address must be "memory://<name>", got "memory://"',
    ],
    [
      "credentials that are no function",
      { credentials: "token" },
      'credentials must be a function that gives a string, got "token"',
    ],
    ["a log too small", { logBytes: 1 }, "logBytes must be a number from 65536 to 1099511627776, got 1"],
    [
      "a log size that is a text",
      { logBytes: "1MB" },
      'logBytes must be a number from 65536 to 1099511627776, got "1MB"',
    ],
    ["an observer that is no flag", { observe: "all" }, 'observe must be true or false, got "all"'],
    ["a leaf that observes", { role: "leaf", observe: true }, "observe must be false for a leaf"],
    ["a leaf that relays", { role: "leaf", relay: { deny: ["a"] } }, "relay must be left out for a leaf"],
    ["a pattern to relay", { relay: "a/**" }, 'the options of relay must be an object, got "a/**"'],
    ["an unknown rule to relay by", { relay: { only: [] } }, 'relay has no option "only"; it has allow, deny'],
    ["one pattern to relay", { relay: { allow: "a" } }, 'relay.allow must be a list of patterns, got "a"'],
    [
      "half a wildcard to relay",
      { relay: { deny: ["a", "b*"] } },
      'a pattern of relay.deny may use * and ** only as whole segments, got "b*"',
    ],
    ["a number to relay", { relay: { allow: [1] } }, "a pattern of relay.allow must be a string, got 1"],
    ["a logger that cannot log", { logger: {} }, "logger must be an object with a method log, got an object"],
  ])("%s", async (_what, options, message) => {
    const mesh = new SimulatedMesh({ settle });
    onTestFinished(() => mesh[Symbol.asyncDispose]());
    const { clock, random, network } = mesh;
    const runtime = {
      clock,
      random,
      transports: [network.transport("a")],
      identity: keylessIdentity(random),
      role: "peer",
      peerParts,
    } as const;
    const made = createNode(options, runtime);
    await expect(made).rejects.toThrow(message);
    await expect(made).rejects.toSatisfy((error) => error instanceof TypeError || error instanceof RangeError);
    await mesh.run(0);
    expect([clock.pending, network.openListeners]).toEqual([0, 0]);
  });

  it.each(["peer", "gateway"] as const)("a %s in a runtime that only has the parts of a leaf", async (role) => {
    await using mesh = new SimulatedMesh({ settle });
    const { clock, random, network } = mesh;
    const runtime = {
      ...{ clock, random, identity: keylessIdentity(random), role: "leaf" as const },
      transports: [network.transport("a")],
    };
    const message = `role must be "leaf", the only one this runtime has the parts for, got "${role}"`;
    await expect(createNode({ role }, runtime)).rejects.toThrow(new TypeError(message));
    const leaf = await createNode({}, runtime);
    expect(leaf.role).toBe("leaf");
    await leaf.close();
  });
});
