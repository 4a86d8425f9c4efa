/** ATTACHED frames to be sent when the turn ends, so that origins and patterns answered together share one. */
import type { Edge } from "../edge/index.ts";
import { control, inFrames, Lane, type OriginRef } from "../wire/index.ts";

export class Answers {
  readonly #byEdge = new Map<Edge, Map<string, { readonly origin: OriginRef; readonly patterns: string[] }>>();

  add(edge: Edge, origin: OriginRef, pattern: string): void {
    let answers = this.#byEdge.get(edge);
    if (!answers) this.#byEdge.set(edge, (answers = new Map()));
    const answer = answers.get(origin.id);
    if (answer?.origin.incarnation === origin.incarnation) answer.patterns.push(pattern);
    else answers.set(origin.id, { origin, patterns: [pattern] });
  }

  send(): void {
    for (const [edge, answers] of this.#byEdge) {
      const groups = new Map<string, { readonly origins: OriginRef[]; readonly patterns: readonly string[] }>();
      for (const { origin, patterns } of answers.values()) {
        const key = patterns.join("\n"); // in no pattern
        const group = groups.get(key);
        if (group) group.origins.push(origin);
        else groups.set(key, { origins: [origin], patterns });
      }
      for (const { origins, patterns } of groups.values()) sendAttached(edge, origins, patterns);
    }
    this.#byEdge.clear();
  }
}

export function sendAttached(edge: Edge, origins: readonly OriginRef[], patterns: readonly string[]): void {
  for (const some of inFrames(patterns, (pattern) => pattern))
    edge.send(Lane.control, [control.attached.encode({ origins, patterns: some })]);
}
