import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPattern, checkTopic, isPattern, isTopic, matches } from "./topic-pattern.ts";

/** The definition itself, segment by segment. */
function matchesNaively(pattern: readonly string[], topic: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return topic.length === 0;
  if (first === "**") return topic.some((_, i) => matchesNaively(rest, topic.slice(i))) || matchesNaively(rest, []);
  if (topic.length === 0) return false;
  return (first === "*" || first === topic[0]) && matchesNaively(rest, topic.slice(1));
}

describe("matches()", () => {
  it.each([
    ["a/b", "a/b", true],
    ["a/b", "a/c", false],
    ["a/b", "a", false],
    ["a", "a/b", false],
    ["*", "a", true],
    ["*", "a/b", false],
    ["a/*", "a", false],
    ["a/*", "a/b", true],
    ["a/*", "a/b/c", false],
    ["*/b", "a/b", true],
    ["**", "a/b/c", true],
    ["a/**", "a", true],
    ["a/**", "a/b/c", true],
    ["a/**", "ab", false],
    ["**/c", "c", true],
    ["**/c", "a/b/c", true],
    ["**/c", "a/b", false],
    ["a/**/c", "a/c", true],
    ["a/**/c", "a/b/b/c", true],
    ["a/**/c", "a/b/c/d", false],
    ["**/b/**/b", "b", false],
    ["**/b/**/b", "a/b/a/b", true],
    ["a/**/*", "a", false],
    ["a/**/*", "a/b", true],
    ["**", "$sys/load", false],
    ["*/load", "$sys/load", false],
    ["$sys/*", "$sys/load", true],
    ["$sys/**", "$sys", true],
    ["a/*", "a/$b", true],
  ])("%s and %s: %s", (pattern, topic, expected) => {
    expect(matches(pattern, topic)).toBe(expected);
  });

  it("agrees with the definition, segment by segment", () => {
    const segments = fc.array(fc.constantFrom("a", "b", "*", "**"), { minLength: 1, maxLength: 7 });
    const topics = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(segments, topics, (pattern, topic) => {
        expect(matches(pattern.join("/"), topic.join("/"))).toBe(matchesNaively(pattern, topic));
      }),
      { numRuns: 3_000 },
    );
  });

  it("answers at once where a search through all possibilities would not", () => {
    const pattern = `${"**/a/".repeat(100)}b`;
    const topic = `${"a/".repeat(500)}a`;
    expect(matches(pattern, topic)).toBe(false);
  });
});

describe("checkTopic() and checkPattern()", () => {
  it.each([
    [42, "must be a string, got 42"],
    [undefined, "must be a string, got undefined"],
    [Object.create(null), "must be a string, got an object"],
    ["", 'must not be empty, got ""'],
    ["/a", 'must not have an empty segment, got "/a"'],
    ["a//b", 'must not have an empty segment, got "a//b"'],
    ["a/", 'must not have an empty segment, got "a/"'],
    ["a\u0000b", 'must not contain control characters, got "a\\u0000b"'],
    ["a\ud800", 'must be well-formed Unicode, got "a\\ud800"'],
    ["a".repeat(1025), `must be at most 1024 bytes of UTF-8, got "${"a".repeat(76)}...`],
    ["ñ".repeat(513), `must be at most 1024 bytes of UTF-8, got "${"ñ".repeat(76)}...`],
  ])("refuse %j", (value, message) => {
    expect(() => checkTopic(value)).toThrow(new TypeError(`topic ${message}`));
    expect(() => checkPattern(value)).toThrow(new TypeError(`pattern ${message}`));
  });

  it.each(["a", "a/b", "a b", "ñandú/😀", "a".repeat(1024), "ñ".repeat(512), "a/$b"])("take %j", (topic) => {
    checkTopic(topic);
    checkPattern(topic);
    expect([isTopic(topic), isPattern(topic)]).toEqual([true, true]);
  });

  it("take wildcards in patterns only, and only as whole segments", () => {
    checkPattern("a/*/**");
    expect(() => checkTopic("a/*")).toThrow("topic must not contain *, which belongs to patterns");
    for (const pattern of ["a*", "a/b*/c", "***"]) {
      expect(() => checkPattern(pattern)).toThrow("pattern may use * and ** only as whole segments");
    }
  });

  it("keep topics that begin with $ for the mesh itself", () => {
    expect(() => checkTopic("$sys/a")).toThrow('topic must not begin with $, which is reserved, got "$sys/a"');
    checkPattern("$sys/a");
    expect(isTopic("$sys/a")).toBe(true);
  });
});
