/** Whether a leaf's ticket is to be believed. Pure. */
import type { NodeId } from "../base/ids.ts";
import { TIMINGS } from "../base/limits.ts";
import { decodeTicket, type Ticket, type TicketBody } from "../wire/index.ts";
import type { Verifier } from "./identity.ts";

/** What may be wrong with a ticket, in the order in which it is looked for. */
export const TICKET_FAULTS = [
  "malformed",
  "other-mesh",
  "other-leaf",
  "expired",
  "unknown-gateway",
  "bad-signature",
] as const;
export type TicketFault = (typeof TICKET_FAULTS)[number];

/** Who looks at it. */
export interface TicketReader {
  /** Absent where nothing can be checked: then signatures are not. */
  readonly verifier: Verifier | undefined;
  readonly mesh: string;
  /** Wall clock, in ms. */
  readonly wallNowMs: number;
  /** The public key of a gateway of the mesh, this one included; undefined when there is none of this id. */
  keyOf(gateway: NodeId): Uint8Array | undefined;
}

/** @param leaf Who shows it, and has proven to be that. */
export function checkTicket(
  { verifier, mesh, wallNowMs, keyOf }: TicketReader,
  leaf: NodeId,
  bytes: Uint8Array,
): TicketBody | TicketFault {
  let ticket: Ticket;
  try {
    ticket = decodeTicket(bytes);
  } catch {
    return "malformed"; // that is the whole answer
  }
  const { body, message, signature } = ticket;
  if (body.mesh !== mesh) return "other-mesh";
  if (body.leaf !== leaf) return "other-leaf";
  if (body.expiresAt + TIMINGS.ticketSkewMs < wallNowMs) return "expired";
  const key = keyOf(body.gateway);
  if (!key) return "unknown-gateway";
  return !verifier || verifier.verify(key, message, signature) ? body : "bad-signature";
}
