/** What is measured, and in which order. */
import type { ContenderName } from "./contenders/names.ts";

export type SuiteName = "throughput" | "round-trip" | "page";

/** One contender with one size of message: what a row of the table shows. */
export interface Case {
  readonly suite: SuiteName;
  readonly contender: ContenderName;
  readonly messageBytes: number;
}

/** Cases of one contender in the same processes, one after the other. */
export type Turn = readonly [Case, ...Case[]];

const KiB = 1024;
const MiB = 1024 * KiB;

const RAW_TCP = ["raw-tcp-batched", "raw-tcp-unbatched"] as const;
const RAW_WEBSOCKET = ["raw-ws-batched", "raw-ws-unbatched"] as const;

const SUITES: readonly { suite: SuiteName; sizes: readonly number[]; contenders: readonly ContenderName[] }[] = [
  {
    suite: "throughput",
    sizes: [64, KiB, 64 * KiB, MiB],
    contenders: [...RAW_TCP, "mesh-tcp", ...RAW_WEBSOCKET, "mesh-ws", "mesh-relay"],
  },
  {
    suite: "round-trip",
    sizes: [64],
    contenders: [
      ...(["raw-tcp-unbatched", "mesh-tcp", "mesh-tcp-call"] as const),
      ...(["raw-ws-unbatched", "mesh-ws", "mesh-ws-call", "mesh-relay", "mesh-relay-call"] as const),
    ],
  },
  {
    suite: "page",
    sizes: [64, KiB, 64 * KiB],
    contenders: [...RAW_WEBSOCKET, "mesh-ws"],
  },
];

/** From here on a batch is one message, so that the two raw contenders are the same. */
const ALONE_FROM_BYTES = 64 * KiB;

/** How a case is named in `--only` and in progress lines: `throughput/mesh-tcp/64B`. */
export function caseName({ suite, contender, messageBytes }: Case): string {
  return `${suite}/${contender}/${sizeName(messageBytes).replace(" ", "")}`;
}

export function sizeName(bytes: number): string {
  if (bytes >= MiB) return `${bytes / MiB} MB`;
  return bytes >= KiB ? `${bytes / KiB} KB` : `${bytes} B`;
}

/** The cases whose names contain one of the words; all of them without words. */
export function cases(words: readonly string[]): Case[] {
  return SUITES.flatMap(({ suite, sizes, contenders }) =>
    sizes.flatMap((messageBytes) =>
      contenders
        .filter((contender) => !(contender.endsWith("-unbatched") && messageBytes >= ALONE_FROM_BYTES))
        .map((contender) => ({ suite, contender, messageBytes })),
    ),
  ).filter((each) => words.length === 0 || words.some((word) => caseName(each).includes(word)));
}

/** Every case in processes of its own: what came before leaves no trace in it. */
export const apart = (all: readonly Case[]): Turn[] => all.map((each) => [each]);

/** As few processes as possible: what a contender does goes together, apart from pages; its round trips last. */
export function together(all: readonly Case[]): Turn[] {
  const turns = new Map<string, [Case, ...Case[]]>();
  for (const each of all) {
    const key = `${each.suite === "page" ? "page" : "processes"}/${each.contender}`;
    const turn = turns.get(key);
    if (turn) turn.push(each);
    else turns.set(key, [each]);
  }
  return [...turns.values()];
}
