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

/** What nearly all are: segments of ASCII without a wildcard. */
const PLAIN = /^[ -"$-)+-.0-~]+(?:\/[ -"$-)+-.0-~]+)*$/;

/** The rule a topic or pattern breaks, or undefined when it is sound. */
function flaw(text: unknown, wildcards: boolean): string | undefined {
  if (typeof text !== "string") return "must be a string";
  if (text.length <= LIMITS.topicBytes && PLAIN.test(text)) return undefined;
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
    if (segment === "#") return "must not have a segment #; for subscribe, ** is what # is in MQTT";
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
export function checkPattern(pattern: unknown, what = "pattern"): asserts pattern is string {
  const rule = flaw(pattern, true);
  if (rule) throw new TypeError(`${what} ${rule}, got ${show(pattern)}`);
}

export const isTopic = (text: string): boolean => flaw(text, false) === undefined;
export const isPattern = (text: string): boolean => flaw(text, true) === undefined;

/** Whether a sound `pattern` matches a sound `topic`. */
export function matches(pattern: string, topic: string): boolean {
  if (pattern === topic) return true;
  if (!pattern.includes("*")) return false;
  if (topic.startsWith("$") && pattern.startsWith("*")) return false;
  if (pattern === "**") return true;
  return matchSegments(pattern.split("/"), 0, topic.split("/"), 0);
}

/** Whether a sound pattern matches every topic that another one does. */
export const covers = (wide: string, narrow: string): boolean => matches(wide, narrow);

/** Whether some topic may match both of two sound patterns. */
export function overlaps(one: string, other: string): boolean {
  const a = one.split("/");
  const b = other.split("/");
  // Whether what begins at segment i of the one and j of the other may match the same; row by row, from their ends.
  let row: boolean[] = [];
  for (let j = b.length; j >= 0; j--) row[j] = j === b.length || (b[j] === "**" && row[j + 1]!);
  for (const segment of a.reverse()) {
    const next: boolean[] = [];
    for (let j = b.length; j >= 0; j--) {
      const counterpart = b[j];
      if (segment === "**") next[j] = row[j]! || next[j + 1] === true;
      else if (counterpart === "**") next[j] = next[j + 1]! || row[j]!;
      else next[j] = (segment === "*" || counterpart === "*" || segment === counterpart) && row[j + 1] === true;
    }
    row = next;
  }
  return row[0]!;
}

function matchSegments(pattern: readonly string[], p: number, topic: readonly string[], t: number): boolean {
  // Iterative with one resume point: a later `**` makes earlier ones irrelevant, so no exponential search.
  // What is matched may be a pattern itself (`covers`): its `**` stands for any number of segments, so only `**` takes it.
  let resumePattern = -1;
  let resumeTopic = 0;
  for (;;) {
    if (p < pattern.length && pattern[p] === "**") {
      resumePattern = ++p;
      resumeTopic = t;
    } else if (t === topic.length) {
      return p === pattern.length;
    } else if (p < pattern.length && ((pattern[p] === "*" && topic[t] !== "**") || pattern[p] === topic[t])) {
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
