export { type Action, type Authorize, allowAll, type Subject } from "./authorize.ts";
export { type Identity, keylessIdentity, leafIdentity, SECRET_BYTES, type Verifier } from "./identity.ts";
export { checkProof, proofMessage, withoutSecret } from "./proof.ts";
export { checkTicket, TICKET_FAULTS, type TicketFault } from "./ticket.ts";
