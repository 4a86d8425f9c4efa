import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPattern, checkTopic, covers, isPattern, isTopic, matches, overlaps } from "./topic-pattern.ts";

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

describe("covers() and overlaps()", () => {
  it.each([
    // wide, narrow, covers, overlaps
    ["a", "a", true, true],
    ["a", "b", false, false],
    ["a/*", "a/b", true, true],
    ["a/b", "a/*", false, true],
    ["*", "**", false, true],
    ["**", "*", true, true],
    ["**", "a/**/b", true, true],
    ["a/**", "a", true, true],
    ["a/**", "**/b", false, true],
    ["a/*", "**/b/c", false, false],
    ["a/**/z", "a/**", false, true],
    ["a/**/z", "a/*/z", true, true],
    ["**/x/**", "**/x", true, true],
    ["*/*", "**", false, true],
    ["*/*", "a/b/**", false, true],
    ["*/*", "a/b/*", false, false],
    ["**/a", "**/b", false, false],
  ])("%s and %s: %s, %s", (wide, narrow, covered, overlapping) => {
    expect([covers(wide, narrow), overlaps(wide, narrow), overlaps(narrow, wide)]).toEqual([
      covered,
      overlapping,
      overlapping,
    ]);
  });

  it("say what matching says of every topic there is", () => {
    const pattern = fc.array(fc.constantFrom("a", "b", "*", "**"), { minLength: 1, maxLength: 4 });
    const topics: string[] = [];
    for (let size = 1; size <= 6; size++)
      for (let bits = 0; bits < 2 ** size; bits++)
        topics.push(Array.from({ length: size }, (_, i) => "ab"[(bits >> i) & 1]).join("/"));
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        const [wide, narrow] = [one.join("/"), other.join("/")];
        const matched = topics.filter((topic) => matches(narrow, topic));
        if (covers(wide, narrow)) expect(matched.filter((topic) => !matches(wide, topic))).toEqual([]);
        expect(overlaps(wide, narrow)).toBe(matched.some((topic) => matches(wide, topic)));
      }),
    );
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
    ["a/#", 'must not have a segment #; for subscribe, ** is what # is in MQTT, got "a/#"'],
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
    checkPattern("c#/*");
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
