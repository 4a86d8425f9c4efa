export { type Action, type Authorize, allowAll, type Subject } from "./authorize.ts";
export { type Identity, keylessIdentity, type Verifier } from "./identity.ts";
export { checkProof, proofMessage } from "./proof.ts";
