/**
 * What differs by role, so that a page ships a leaf's part alone: a runtime that can be more brings `peerParts` along, and
 * nothing else names them. A leaf takes no leaves and passes nothing on.
 */
import type { Clock } from "./base/clock.ts";
import type { NodeId } from "./base/ids.ts";
import { dispose } from "./base/platform.ts";
import { checkRelayOptions, type Relaying, type RelayOptions, RelayPolicy } from "./delivery/index.ts";
import { type LeafPage, leafPage } from "./discovery/index.ts";
import { type Edge, Leases, MovingLeaves, Tickets, type TicketsOptions } from "./edge/index.ts";
import { type Leaf, LeafSpeaker, PeerSpeaker, type Speaker, type SpeakerOptions } from "./mesh/index.ts";
import type { Role } from "./wire/index.ts";

/** See `Runtime.peerParts`. Opaque: what is in it may change at any time. */
export interface RoleParts {
  speaker(options: SpeakerOptions): Speaker;
  /** @throws {TypeError} naming the option, the rule and the value. */
  checkRelay(options: RelayOptions): void;
  relaying(options: RelayOptions | undefined): Relaying;
  /** Who of its leaves may stay away for long; none, where there are no leaves. */
  leases(clock: Clock): Leases | undefined;
  /** Ask leaves to go elsewhere, all of them `withinMs`, in ms. */
  moveLeaves(clock: Clock, leaves: Iterable<Edge>, withinMs: number): Disposable;
  /** What its leaves show where they go next; none, where there are no leaves. */
  tickets(options: TicketsOptions): Tickets | undefined;
  /** What is said of own leaves. */
  leafPage(leaves: ReadonlyMap<NodeId, Leaf>, after: NodeId): LeafPage;
}

/** What a peer and a gateway need. */
export const peerParts: RoleParts = {
  speaker: (options) => new PeerSpeaker(options),
  checkRelay: checkRelayOptions,
  relaying: (options) => new RelayPolicy(options),
  leases: (clock) => new Leases(clock),
  moveLeaves: (clock, leaves, withinMs) => new MovingLeaves(clock, leaves, withinMs),
  tickets: (options) => (options.local.role === "gateway" ? new Tickets(options) : undefined),
  leafPage,
};

const leafParts: RoleParts = {
  speaker: (options) => new LeafSpeaker(options),
  checkRelay: () => {
    throw new TypeError("relay must be left out for a leaf, which passes on nothing; got an object");
  },
  relaying: () => ({ passes: () => true, passesNothingOf: () => false }),
  leases: () => undefined,
  moveLeaves: () => ({ [dispose]: () => {} }),
  tickets: () => undefined,
  leafPage: () => ({ more: false, leaves: [] }),
};

/** @throws {TypeError} when the runtime has no parts for the role. */
export function partsOf(role: Role, runtime: { readonly peerParts?: RoleParts }): RoleParts {
  const parts = role === "leaf" ? leafParts : runtime.peerParts;
  if (!parts) throw new TypeError(`role must be "leaf", the only one this runtime has the parts for, got "${role}"`);
  return parts;
}
