/** What a leaf tells its gateway of its wants and objects: all of it once, changes afterwards. Pure. */
import { type InterestBody, inFrames } from "../wire/index.ts";
import type { OwnInterest } from "./interest.ts";

export class LeafInterest {
  #topics: ReadonlySet<string> = new Set();
  #services: ReadonlySet<string> = new Set();

  /** What to say now, cut to frames; nothing when there is no change. @param whole The gateway knows nothing yet. */
  *changes({ topics, services }: OwnInterest, whole: boolean): Generator<InterestBody> {
    const wanted = difference(whole ? new Set() : this.#topics, (this.#topics = new Set(topics)));
    const offered = difference(whole ? new Set() : this.#services, (this.#services = new Set(services)));
    if (!whole && wanted.length + offered.length === 0) return;
    const topicChanges = wanted.map(([pattern, isNew]) => ({ pattern, wanted: isNew }));
    const runs = [...inFrames(offered, ([service]) => service)].map((run) =>
      run.map(([service, isNew]) => ({ service, offered: isNew })),
    );
    let begins = whole;
    for (const some of inFrames(topicChanges, ({ pattern }) => pattern)) {
      yield { whole: begins, topics: some, services: runs.shift() ?? [] };
      begins = false;
    }
    for (const some of runs) yield { whole: false, topics: [], services: some };
  }
}

/** What is new, with true, and what is over, with false. */
function difference(before: ReadonlySet<string>, now: ReadonlySet<string>): (readonly [string, boolean])[] {
  return [
    ...[...now].filter((text) => !before.has(text)).map((text) => [text, true] as const),
    ...[...before].filter((text) => !now.has(text)).map((text) => [text, false] as const),
  ];
}
