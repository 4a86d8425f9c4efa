import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "../wire/decode-any.fixture.ts";
import { encodePayload } from "../wire/index.ts";
import { decodeRmi, encodeRmi, type RmiMessage } from "./protocol.ts";

const id = fc.maxSafeInteger();
const text = fc.string();
const value = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.constant(null),
  fc.array(fc.integer()),
  fc.dictionary(fc.constantFrom("a", "b"), fc.boolean(), { noNullPrototype: true }),
);

describe("remote call messages", () => {
  it("give back what they were made of", () => {
    const message: fc.Arbitrary<RmiMessage> = fc.oneof(
      fc.record({
        kind: fc.constant("call" as const),
        id,
        service: text,
        path: fc.array(text, { maxLength: 16 }),
        args: fc.option(fc.array(value, { maxLength: 5 })),
      }),
      fc.record({ kind: fc.constant("result" as const), id, value }),
      fc.record({
        kind: fc.constant("failure" as const),
        id,
        name: text,
        code: fc.option(text),
        message: text,
        data: value,
      }),
      fc.record({ kind: fc.constant("refusal" as const), id, code: text, detail: text }),
      fc.record({ kind: fc.constant("cancel" as const), id }),
    );
    fc.assert(
      fc.property(message, (original) => {
        expect(decodeRmi(encodeRmi(original))).toEqual(original);
      }),
    );
  });

  it.each([
    ["no array", { kind: 0 }],
    ["an empty array", []],
    ["an id that is no integer", [4, 1.5]],
    ["an id that is a text", [4, "1"]],
    ["a kind to come", [6, 1]],
    ["a kind that is a text", ["call", 1]],
    ["a call without a service", [0, 1]],
    ["a call of a service that is no text", [0, 1, 7, [], []]],
    ["a call whose path is no array", [0, 1, "s", "add", []]],
    ["a call whose path has a number", [0, 1, "s", ["a", 1], []]],
    ["a call whose path has 17 names", [0, 1, "s", Array.from({ length: 17 }, () => "a"), []]],
    ["a call whose arguments are a map", [0, 1, "s", ["a"], { 0: 1 }]],
    ["a call without arguments or null", [0, 1, "s", ["a"], "x"]],
    ["a failure without a name", [2, 1, null, null, "m"]],
    ["a failure whose code is a number", [2, 1, "Error", 7, "m"]],
    ["a refusal without a code", [3, 1, null, "d"]],
  ])("refuse %s", (_what, parts) => {
    expect(codeOf(() => decodeRmi(encodePayload(parts)))).toBe("malformed-payload");
  });

  it("of random values are read, or refused with malformed-payload", () => {
    const part = fc.oneof(value, fc.integer({ min: 0, max: 5 }), fc.array(text), fc.constant(undefined));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 7 }), (parts) => {
        return [undefined, "malformed-payload"].includes(codeOf(() => decodeRmi(encodePayload(parts))));
      }),
      { numRuns: 2_000 },
    );
  });

  it("with a path that the callee would refuse are not sent", () => {
    const path = Array.from({ length: 17 }, () => "a");
    expect(() => encodeRmi({ kind: "call", id: 1, service: "s", path, args: [] })).toThrow(
      new TypeError("a remote path has at most 16 names, got 17"),
    );
  });
});
