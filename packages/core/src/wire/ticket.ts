/** What a gateway gives each of its leaves, and the leaf shows the next: where it was, and since when. A table, and its signature. */
import { LIMITS } from "../base/limits.ts";
import { bytes, nodeId, Reader, struct, text, u53, Writer } from "./schema.ts";

const body = struct({ mesh: text(LIMITS.nameBytes), leaf: nodeId, gateway: nodeId, arrival: u53, expiresAt: u53 });
const signed = struct({ body: bytes(LIMITS.ticketBytes), signature: bytes(128) });
const message = struct({ domain: bytes(32), body: bytes(LIMITS.ticketBytes) });

/** Keeps a ticket's signature from meaning anything elsewhere. */
const DOMAIN = new Uint8Array([
  0x63, 0x68, 0x61, 0x73, 0x6b, 0x69, 0x20, 0x74, 0x69, 0x63, 0x6b, 0x65, 0x74, 0x20, 0x30,
]); // "chaski ticket 0"

/** `arrival`: when the leaf came to the gateway, and later than to the one before. `expiresAt`: wall clock, in ms since 1970. */
export type TicketBody = ReturnType<typeof body.read>;

export interface Ticket {
  readonly body: TicketBody;
  /** What the signature is of. */
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** @param sign Of the gateway that is named. The caller owns the bytes. */
export function encodeTicket(said: TicketBody, sign: (message: Uint8Array) => Uint8Array): Uint8Array {
  const encoded = written(body, said);
  return written(signed, { body: encoded, signature: sign(messageOf(encoded)) });
}

/** @throws {MeshError} `malformed-frame` */
export function decodeTicket(ticket: Uint8Array): Ticket {
  const { body: encoded, signature } = signed.read(new Reader(ticket));
  return { body: body.read(new Reader(encoded)), message: messageOf(encoded), signature };
}

const messageOf = (encoded: Uint8Array): Uint8Array => written(message, { domain: DOMAIN, body: encoded });

function written<T>(field: { write(writer: Writer, value: T): void }, value: T): Uint8Array {
  const writer = new Writer();
  field.write(writer, value);
  return writer.finish();
}
