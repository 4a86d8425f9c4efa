/** What a node is made from: the user's options, checked, and what its runtime brings along. */
import type { Authorize, Identity, Verifier } from "./auth/index.ts";
import { checkFlag, checkOptions, checkRange, show } from "./base/check-options.ts";
import type { Clock, Logger, Random } from "./base/clock.ts";
import type { Lifecycle } from "./base/lifecycle.ts";
import { LIMITS } from "./base/limits.ts";
import { utf8 } from "./base/platform.ts";
import type { RelayOptions } from "./delivery/index.ts";
import type { Transport } from "./link/index.ts";
import { partsOf, type RoleParts } from "./role-parts.ts";
import type { Role } from "./wire/index.ts";

export interface NodeOptions {
  /** For people; need not be unique. At most 256 bytes of UTF-8. Default `node-` and the first digits of the id. */
  readonly name?: string;
  /** Only nodes of the same mesh share edges. At most 256 bytes of UTF-8. Default `"default"`. */
  readonly mesh?: string;
  /** A peer relays for others, a gateway also takes leaves, a leaf does neither. Default: what the runtime is made for. */
  readonly role?: Role;
  /** Addresses to listen on, 16 at most; port 0 takes a free one. */
  readonly listen?: readonly string[];
  /** Addresses to tell others instead of those listened on, 16 at most: behind NAT, in a container. */
  readonly advertise?: readonly string[];
  /** Addresses to keep an edge to. A leaf tries them in turn, others hold one to each. Unreachable ones are tried again for ever. */
  readonly join?: readonly string[];
  /** Asked for at every dial; sent in the handshake, never in an address. */
  readonly credentials?: () => string | Promise<string>;
  /** Bytes the log may hold. Default 256 MiB, in a leaf 16 MiB. */
  readonly logBytes?: number;
  /**
   * Receive every topic, reserved ones left out, as if it were subscribed to: for a node that keeps what others may want
   * later, or a root that shows all. It is not listed as a subscriber. Not for a leaf. Default `false`.
   */
  readonly observe?: boolean;
  /**
   * What of others this node passes on, by topic; `deny` wins. Default: everything. What it publishes and subscribes to
   * itself is not concerned. Neighbours are simply not given the rest, without a gap: their subscriptions are ready all
   * the same, and `status().counters.notRelayed` counts it. Not for a leaf, which passes on nothing.
   */
  readonly relay?: RelayOptions;
  /**
   * Default: silent, but for what a newcomer must not miss: of the errors that neither it nor a listener for `error` hears,
   * the first of each kind is printed to the console.
   */
  readonly logger?: Logger;
}

/** What differs by runtime. `@chaski/node-transport` and `@chaski/browser-transport` bring one along. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly transports: readonly Transport[];
  readonly identity: Identity;
  /** Absent where the platform cannot check signatures. */
  readonly verifier?: Verifier;
  readonly role: Role;
  readonly authorize?: Authorize;
  /** Absent where nobody puts the runtime to sleep. */
  readonly lifecycle?: Lifecycle;
  /** What a peer or a gateway needs beyond a leaf: `peerParts`. Absent where all nodes are leaves, so that a page need not ship it. */
  readonly peerParts?: RoleParts;
  /** Print an error that nobody hears, see `NodeOptions.logger`. Absent: it is dropped. */
  readonly warn?: (text: string, error: unknown) => void;
}

const OPTIONS: readonly string[] = [
  "name",
  "mesh",
  "role",
  "listen",
  "advertise",
  "join",
  "credentials",
  "logBytes",
  "observe",
  "relay",
  "logger",
];

/** @throws {TypeError | RangeError} naming the option, the rule and the value. */
export function checkNodeOptions(options: NodeOptions, runtime: Pick<Runtime, "role" | "peerParts">): void {
  checkOptions("createNode", options, OPTIONS);
  for (const option of ["name", "mesh"] as const) {
    const value = options[option];
    if (value === undefined) continue;
    if (typeof value !== "string" || value === "")
      throw new TypeError(`${option} must be a string that is not empty, got ${show(value)}`);
    if (utf8.encode(value).byteLength > LIMITS.nameBytes)
      throw new TypeError(
        `${option} must be at most ${LIMITS.nameBytes} bytes of UTF-8, got ${utf8.encode(value).byteLength}`,
      );
  }
  if (options.role !== undefined && !["peer", "gateway", "leaf"].includes(options.role)) {
    throw new TypeError(`role must be "peer", "gateway" or "leaf", got ${show(options.role)}`);
  }
  const { role = runtime.role } = options;
  const parts = partsOf(role, runtime);
  checkFlag("observe", options.observe);
  if (role === "leaf" && options.observe)
    throw new TypeError("observe must be false for a leaf, whose gateway holds the log; got true");
  if (options.relay !== undefined) parts.checkRelay(options.relay);
  for (const option of ["listen", "advertise", "join"] as const) {
    const addresses: unknown = options[option];
    if (addresses === undefined) continue;
    if (!Array.isArray(addresses)) throw new TypeError(`${option} must be a list of addresses, got ${show(addresses)}`);
    if (option !== "join" && addresses.length > LIMITS.addresses)
      throw new RangeError(`${option} must hold at most ${LIMITS.addresses} addresses, got ${addresses.length}`);
    for (const address of addresses) {
      if (typeof address !== "string" || address === "" || utf8.encode(address).byteLength > LIMITS.addressBytes)
        throw new TypeError(
          `${option} must hold addresses of at most ${LIMITS.addressBytes} bytes, got ${show(address)}`,
        );
    }
  }
  if (options.credentials !== undefined && typeof options.credentials !== "function") {
    throw new TypeError(`credentials must be a function that gives a string, got ${show(options.credentials)}`);
  }
  if (options.logger !== undefined && typeof options.logger?.log !== "function") {
    throw new TypeError(`logger must be an object with a method log, got ${show(options.logger)}`);
  }
  if (options.logBytes !== undefined) checkRange("logBytes", options.logBytes, 64 * 1024, 2 ** 40);
}
