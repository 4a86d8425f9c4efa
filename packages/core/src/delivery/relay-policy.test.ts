import { describe, expect, it } from "vitest";
import { RelayPolicy } from "./relay-policy.ts";

describe("RelayPolicy", () => {
  it.each([
    ["everything by default", {}, "a/b", true],
    ["what is allowed", { allow: ["a/**"] }, "a/b", true],
    ["nothing else", { allow: ["a/**"] }, "b", false],
    ["nothing that is denied", { deny: ["a/*"] }, "a/b", false],
    ["what is allowed and denied not", { allow: ["a/**"], deny: ["a/b"] }, "a/b", false],
    ["nothing at all when nothing is allowed", { allow: [] }, "a", false],
    ["reserved topics whatever is said", { allow: [], deny: ["**"] }, "$sys/a", true],
  ])("passes %s", (_what, options, topic, passes) => {
    expect(new RelayPolicy(options).passes(topic)).toBe(passes);
  });

  it.each([
    [{ deny: ["a/**"] }, "a/b", true],
    [{ deny: ["a/**"] }, "a/*/c", true],
    [{ deny: ["a/**"] }, "a/**", true],
    [{ deny: ["a/*"] }, "a/**", false],
    [{ deny: ["a/**"] }, "**", false],
    [{ allow: ["a/**"] }, "b/**", true],
    [{ allow: ["a/**"] }, "*/b", false],
    [{ allow: [] }, "**", true],
    [{ allow: [], deny: ["**"] }, "$sys/a", false],
    [{}, "a", false],
  ])("%j makes asking for %s idle: %s", (options, pattern, isIdle) => {
    expect(new RelayPolicy(options).passesNothingOf(pattern)).toBe(isIdle);
  });
});
