/**
 * Topics and patterns. Topics are `/`-separated; in a pattern `*` is exactly one whole segment and `**` zero or
 * more (`a/**` matches `a`). A first segment starting with `$` is reserved and never matched by a wildcard.
 */
import { show } from "./check-options.ts";
import { LIMITS } from "./limits.ts";
import { utf8 } from "./platform.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const CONTROL = /[\u0000-\u001f\u007f]/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The rule a topic or pattern breaks, or undefined when it is sound. */
function flaw(text: unknown, wildcards: boolean): string | undefined {
  if (typeof text !== "string") return "must be a string";
  if (text.length === 0) return "must not be empty";
  if (CONTROL.test(text)) return "must not contain control characters";
  if (LONE_SURROGATE.test(text)) return "must be well-formed Unicode";
  if (
    text.length > LIMITS.topicBytes ||
    (text.length * 3 > LIMITS.topicBytes && utf8.encode(text).byteLength > LIMITS.topicBytes)
  ) {
    return `must be at most ${LIMITS.topicBytes} bytes of UTF-8`;
  }
  for (const segment of text.split("/")) {
    if (segment === "") return "must not have an empty segment";
    if (!segment.includes("*")) continue;
    if (!wildcards) return "must not contain *, which belongs to patterns (only subscribe takes patterns)";
    if (segment !== "*" && segment !== "**") return "may use * and ** only as whole segments";
  }
  return undefined;
}

/** @throws {TypeError} naming the rule and the value. */
export function checkTopic(topic: unknown): asserts topic is string {
  const rule = flaw(topic, false);
  if (rule) throw new TypeError(`topic ${rule}, got ${show(topic)}`);
  if ((topic as string).startsWith("$"))
    throw new TypeError(`topic must not begin with $, which is reserved, got ${show(topic)}`);
}

/** @throws {TypeError} naming the rule and the value. */
export function checkPattern(pattern: unknown): asserts pattern is string {
  const rule = flaw(pattern, true);
  if (rule) throw new TypeError(`pattern ${rule}, got ${show(pattern)}`);
}

export const isTopic = (text: string): boolean => flaw(text, false) === undefined;
export const isPattern = (text: string): boolean => flaw(text, true) === undefined;

/** Whether a sound `pattern` matches a sound `topic`. */
export function matches(pattern: string, topic: string): boolean {
  if (pattern === topic) return true;
  if (!pattern.includes("*")) return false;
  if (topic.startsWith("$") && pattern.startsWith("*")) return false;
  return matchSegments(pattern.split("/"), 0, topic.split("/"), 0);
}

function matchSegments(pattern: readonly string[], p: number, topic: readonly string[], t: number): boolean {
  // Iterative with one resume point: a later `**` makes earlier ones irrelevant, so no exponential search.
  let resumePattern = -1;
  let resumeTopic = 0;
  for (;;) {
    if (p < pattern.length && pattern[p] === "**") {
      resumePattern = ++p;
      resumeTopic = t;
    } else if (t === topic.length) {
      return p === pattern.length;
    } else if (p < pattern.length && (pattern[p] === "*" || pattern[p] === topic[t])) {
      p++;
      t++;
    } else if (resumePattern >= 0 && resumeTopic < topic.length) {
      p = resumePattern;
      t = ++resumeTopic;
    } else {
      return false;
    }
  }
}
