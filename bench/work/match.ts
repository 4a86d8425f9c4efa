/** Which of many patterns match a topic. Of ten patterns eight are plain topics, one has a `*`, and one a `**`. */
import { matches, PatternIndex } from "../../packages/core/src/testing/internals/index.ts";
import { sameNumbers, type Work } from "./work.ts";

/** Topics asked for, in turn; each is matched by a plain one and by a `**`. */
const TOPICS = 1_000;
const FOUND = 2;

export const byIndex: Work = (size) => {
  const index = new PatternIndex<number>();
  for (const [number, pattern] of patterns(size).entries()) index.add(pattern, number);
  return asking(size, (topic) => {
    let found = 0;
    for (const _number of index.match(topic)) found++;
    return found;
  });
};

export const byScan: Work = (size) => {
  const all = patterns(size);
  return asking(size, (topic) => {
    let found = 0;
    for (const pattern of all) if (matches(pattern, topic)) found++;
    return found;
  });
};

function asking(size: number, count: (topic: string) => number): () => number {
  const random = sameNumbers();
  const topics = Array.from(
    { length: TOPICS },
    () => `site/${Math.floor((random() * size) / 10)}/sensor/${Math.floor(random() * 8)}`,
  );
  let turn = 0;
  return () => {
    const topic = topics[turn++ % TOPICS]!;
    const found = count(topic);
    if (found !== FOUND) throw new Error(`${found} patterns match ${topic}, not ${FOUND}`);
    return found;
  };
}

const patterns = (size: number): string[] =>
  Array.from({ length: size / 10 }, (_, site) => [
    ...Array.from({ length: 8 }, (_, sensor) => `site/${site}/sensor/${sensor}`),
    `site/${site}/*/temperature`,
    `site/${site}/**`,
  ]).flat();
