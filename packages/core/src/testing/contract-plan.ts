/** What a life of the simulated mesh is like: everything a seed chooses before it begins. */
import type { Random } from "../base/clock.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";

export interface Plan {
  readonly peers: number;
  readonly leaves: number;
  /** Gateways a leaf knows, 1 or more. */
  readonly gatewaysOfLeaf: number;
  /** Joins that make cycles, besides those that make a tree. */
  readonly extraJoins: number;
  readonly messages: number;
  /** Edges cut and peers crashed. */
  readonly faults: number;
  /** Chance that a fault is a crash. */
  readonly crashes: number;
  /** Times that a leaf is put to sleep, as pages are. */
  readonly naps: number;
  /** Messages are published for so long, in ms; then everything heals and settles. */
  readonly runMs: number;
  /** So long nothing happens in the end, in ms. */
  readonly settleMs: number;
  /** How long a cut or a nap lasts, in ms. */
  readonly cutMs: readonly [shortest: number, longest: number];
  /** Logs that hold everything, or in some or all nodes only the last few messages. */
  readonly logs: "large" | "mixed" | "small";
  /** Largest payload in bytes. */
  readonly payloadBytes: number;
  /** Chance that a subscription reads slowly, and that it has a capacity. */
  readonly slowReaders: number;
  readonly capacities: number;
  /** Subscriptions of one node. */
  readonly subscriptions: number;
  /** Chance that a subscription is closed, and that it comes again afterwards. */
  readonly closing: number;
  readonly comingAgain: number;
}

/** Longer than the longest redial and attach take. */
const SETTLE_MS = 22_000;
/** Longer than the record of a peer that has crashed lives. */
const KNOW_CRASHES_MS = TIMINGS.recordExpiryMs + 30_000;

/** A leaf's lease and the life of a record are over in the longest ones. */
const CUTS = {
  short: { runMs: 10_000, cutMs: [50, 1_550], faults: 10 },
  lease: { runMs: LIMITS.leafLeaseMs * 2, cutMs: [500, LIMITS.leafLeaseMs + 25_000], faults: 8 },
  record: { runMs: TIMINGS.recordExpiryMs + 60_000, cutMs: [1_000, TIMINGS.recordExpiryMs + 35_000], faults: 6 },
} as const;

/** Seeds in a row differ in everything. */
export function planFor(seed: number, random: Random): Plan {
  const oneOf = <T>(...choices: readonly T[]): T => choices[Math.floor(random.float() * choices.length)]!;
  const cuts = seed % 48 === 11 ? CUTS.record : seed % 48 === 2 ? CUTS.lease : CUTS.short;
  // 5 to 25, most of them few: what a life costs grows faster than its nodes.
  const nodes = seed % 20 === 7 ? 13 + (seed % 13) : 5 + (seed % 5);
  const leaves = seed % 4;
  const crashes = cuts === CUTS.short ? oneOf(0, 0.3) : 0;
  return {
    ...cuts,
    crashes,
    naps: leaves > 0 && [3, 6].includes(Math.floor(seed / 4) % 7) ? cuts.faults : 0,
    settleMs: crashes > 0 && seed % 22 === 0 ? KNOW_CRASHES_MS : SETTLE_MS,
    peers: nodes - leaves,
    leaves,
    gatewaysOfLeaf: oneOf(1, 2, 3),
    extraJoins: oneOf(0, 1, 2, nodes),
    messages: 200,
    logs: oneOf("large", "large", "mixed", "small"),
    payloadBytes: oneOf(100, 3_000, 6_000),
    slowReaders: oneOf(0, 0.3),
    capacities: oneOf(0, 0.3),
    subscriptions: oneOf(1, 2, 3),
    closing: oneOf(0.2, 0.6),
    comingAgain: 0.7,
  };
}
