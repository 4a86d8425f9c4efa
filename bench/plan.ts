/** What is measured, and in which order. */
import type { ContenderName } from "./contenders/names.ts";

export type SuiteName = "throughput" | "round-trip" | "page" | "routes" | "match" | "verify";

/** One contender with one size of message, or of what is worked on: what a row of the table shows. */
export interface Case {
  readonly suite: SuiteName;
  readonly contender: ContenderName;
  /** In what the suite is measured by: bytes, peers, patterns. */
  readonly size: number;
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
    contenders: [...RAW_TCP, "mesh-tcp", "mesh-tcp-relay", ...RAW_WEBSOCKET, "mesh-ws", "mesh-relay"],
  },
  {
    suite: "round-trip",
    sizes: [64],
    contenders: [
      ...(["raw-tcp-unbatched", "mesh-tcp", "mesh-tcp-relay", "mesh-tcp-relay-2", "mesh-tcp-call"] as const),
      ...(["raw-ws-unbatched", "mesh-ws", "mesh-ws-call", "mesh-relay", "mesh-relay-call"] as const),
    ],
  },
  {
    suite: "page",
    sizes: [64, KiB, 64 * KiB],
    contenders: [...RAW_WEBSOCKET, "mesh-ws"],
  },
  { suite: "routes", sizes: [50, 500, 2_000], contenders: ["breadth-first", "shortest-paths"] },
  { suite: "match", sizes: [100, 10_000, 100_000], contenders: ["scan", "index"] },
  { suite: "verify", sizes: [8], contenders: ["ed25519", "record", "old-record"] },
];

/** From here on a batch is one message, so that the two raw contenders are the same. */
const ALONE_FROM_BYTES = 64 * KiB;

/** How a case is named in `--only` and in progress lines: `throughput/mesh-tcp/64B`. */
export function caseName({ suite, contender, size }: Case): string {
  return `${suite}/${contender}/${sizeName(suite, size).replace(" ", "")}`;
}

/** What the sizes of a suite count, where they are no bytes. */
const COUNTED: Readonly<Partial<Record<SuiteName, string>>> = {
  routes: "peers",
  match: "patterns",
  verify: "neighbours",
};

export function sizeName(suite: SuiteName, size: number): string {
  const counted = COUNTED[suite];
  return counted === undefined ? bytesName(size) : `${size} ${counted}`;
}

function bytesName(bytes: number): string {
  if (bytes >= MiB) return `${bytes / MiB} MB`;
  return bytes >= KiB ? `${bytes / KiB} KB` : `${bytes} B`;
}

/** The cases whose names contain one of the words; all of them without words. */
export function cases(words: readonly string[]): Case[] {
  return SUITES.flatMap(({ suite, sizes, contenders }) =>
    sizes.flatMap((size) =>
      contenders
        .filter((contender) => !(contender.endsWith("-unbatched") && size >= ALONE_FROM_BYTES))
        .map((contender) => ({ suite, contender, size })),
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
