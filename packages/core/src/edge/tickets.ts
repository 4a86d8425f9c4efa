/**
 * The tickets of a gateway: each of its leaves holds one that is good for a while, and shows it where it goes next. So that
 * gateway knows where the leaf was and since when, and says a later time itself: of two gateways that list a leaf, it is at the
 * one to which it came later.
 */
import { checkTicket, TICKET_FAULTS, type TicketFault } from "../auth/index.ts";
import type { Clock } from "../base/clock.ts";
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { TIMINGS } from "../base/limits.ts";
import { dispose } from "../base/platform.ts";
import type { Turn } from "../base/turn.ts";
import { control, encodeTicket, Lane } from "../wire/index.ts";
import type { Edge } from "./edge.ts";
import type { LocalNode } from "./handshake.ts";

export interface TicketsOptions {
  readonly local: LocalNode;
  readonly clock: Clock;
  readonly turn: Turn;
  /** The public key of another gateway of the mesh. */
  keyOf(gateway: NodeId): Uint8Array | undefined;
}

/** Of a gateway. */
export interface TicketCounters {
  /** Given to leaves, renewed ones too. */
  readonly given: number;
  /** Shown by leaves and believed. */
  readonly taken: number;
  /** Shown and not believed, by what was wrong. Such a leaf comes again without; one from an unknown gateway need not. */
  readonly refused: Readonly<Record<TicketFault, number>>;
}

/** So many are renewed in a row, so that a crowd that came at once does not hold up everything else. */
const RENEWED_AT_ONCE = 50;

export class Tickets {
  readonly #options: TicketsOptions;
  /** When each is due: the first stands first, since all are good for equally long. */
  readonly #dueAtMs = new Map<Edge, number>();
  readonly #refused = Object.fromEntries(TICKET_FAULTS.map((fault) => [fault, 0])) as Record<TicketFault, number>;
  #given = 0;
  #taken = 0;
  #timer: Disposable | undefined;

  constructor(options: TicketsOptions) {
    this.#options = options;
  }

  get counters(): TicketCounters {
    return { given: this.#given, taken: this.#taken, refused: { ...this.#refused } };
  }

  /** A leaf has proven who it is, and perhaps shows where it was. @returns Why it is refused. */
  admit(edge: Edge): MeshError | undefined {
    const { local, clock, keyOf } = this.#options;
    const { id, name, ticket } = edge.peer;
    const wallNowMs = Math.floor(clock.wallNow());
    edge.arrival = wallNowMs;
    if (ticket.byteLength === 0) return undefined;
    const { identity, verifier, mesh } = local;
    const keyOfAny = (gateway: NodeId): Uint8Array | undefined =>
      gateway === identity.id ? identity.publicKey : keyOf(gateway);
    const read = checkTicket({ verifier, mesh, wallNowMs, keyOf: keyOfAny }, id, ticket);
    if (typeof read !== "string") {
      this.#taken++;
      edge.arrival = Math.min(Math.max(wallNowMs, read.arrival + 1), Number.MAX_SAFE_INTEGER);
      return undefined;
    }
    this.#refused[read]++;
    // It says nothing, neither good nor bad: all leaves of a gateway that was started anew come with one.
    if (read === "unknown-gateway") return undefined;
    return new MeshError("bad-ticket", `the ticket that leaf ${name} (${id}) shows is refused: ${read}`, {
      cause: read,
    });
  }

  /** Give a leaf its ticket, and another one in time. */
  begin(edge: Edge): void {
    this.#give(edge);
    this.#wait();
  }

  end(edge: Edge): void {
    this.#dueAtMs.delete(edge);
    if (this.#dueAtMs.size > 0) return;
    this.#timer?.[dispose]();
    this.#timer = undefined;
  }

  #give(edge: Edge): void {
    const { local, clock } = this.#options;
    const { mesh, identity } = local;
    this.#dueAtMs.delete(edge);
    this.#dueAtMs.set(edge, clock.now() + TIMINGS.ticketRenewMs);
    const expiresAt = Math.floor(clock.wallNow()) + TIMINGS.ticketLifeMs;
    const body = { mesh, leaf: edge.id, gateway: identity.id, arrival: edge.arrival, expiresAt };
    const ticket = encodeTicket(body, (message) => identity.sign(message));
    this.#given++;
    edge.send(Lane.control, [control.ticket.encode({ ticket })]);
  }

  #wait(): void {
    if (this.#timer) return;
    const { clock, turn } = this.#options;
    for (const dueAtMs of this.#dueAtMs.values()) {
      this.#timer = clock.setTimer(Math.max(0, dueAtMs - clock.now()), () => turn.run(() => this.#renew()));
      return;
    }
  }

  #renew(): void {
    this.#timer = undefined;
    const nowMs = this.#options.clock.now();
    let left = RENEWED_AT_ONCE;
    for (const [edge, dueAtMs] of this.#dueAtMs) {
      if (dueAtMs > nowMs || left-- === 0) break;
      this.#give(edge);
    }
    this.#wait();
  }
}
