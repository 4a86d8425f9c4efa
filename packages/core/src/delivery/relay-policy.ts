/** Which topics of others a node passes on. Pure. */
import { checkOptions, show } from "../base/check-options.ts";
import { checkPattern, covers, matches, overlaps } from "../base/topic-pattern.ts";

export interface RelayOptions {
  /** Patterns of topics to pass on. Default: all. */
  readonly allow?: readonly string[];
  /** Patterns of topics not to pass on, whatever `allow` says. Default: none. */
  readonly deny?: readonly string[];
}

/** What of others goes on to neighbours. */
export interface Relaying {
  /** Whether messages on `topic` are passed on. Reserved topics are the mesh's own and always are. */
  passes(topic: string): boolean;
  /** Whether nothing that matches `pattern` is passed on, as far as can be told: then it need not be asked for either. */
  passesNothingOf(pattern: string): boolean;
}

/** Answers remembered; when there are more, all of them are forgotten. */
const MAX_REMEMBERED = 10_000;

export class RelayPolicy implements Relaying {
  readonly #allow: readonly string[] | undefined;
  readonly #deny: readonly string[];
  readonly #passesNothing = new Map<string, boolean>();

  constructor({ allow, deny = [] }: RelayOptions = {}) {
    this.#allow = allow;
    this.#deny = deny;
  }

  passes(topic: string): boolean {
    if (topic.startsWith("$")) return true;
    const isAllowed = this.#allow?.some((pattern) => matches(pattern, topic)) ?? true;
    return isAllowed && !this.#deny.some((pattern) => matches(pattern, topic));
  }

  passesNothingOf(pattern: string): boolean {
    if (pattern.startsWith("$") || (!this.#allow && this.#deny.length === 0)) return false;
    let passesNothing = this.#passesNothing.get(pattern);
    if (passesNothing === undefined) {
      const isAllowed = this.#allow?.some((allowed) => overlaps(allowed, pattern)) ?? true;
      passesNothing = !isAllowed || this.#deny.some((denied) => covers(denied, pattern));
      if (this.#passesNothing.size >= MAX_REMEMBERED) this.#passesNothing.clear();
      this.#passesNothing.set(pattern, passesNothing);
    }
    return passesNothing;
  }
}

/** @throws {TypeError} naming the option, the rule and the value. */
export function checkRelayOptions(options: RelayOptions): void {
  checkOptions("relay", options, ["allow", "deny"]);
  for (const name of ["allow", "deny"] as const) {
    const patterns: unknown = options[name];
    if (patterns === undefined) continue;
    if (!Array.isArray(patterns))
      throw new TypeError(`relay.${name} must be a list of patterns, got ${show(patterns)}`);
    for (const pattern of patterns) checkPattern(pattern, `a pattern of relay.${name}`);
  }
}
