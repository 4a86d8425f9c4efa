/** Real keys for tests: what the Node runtime brings along, without depending on it. */
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import { type Identity, leafIdentity, SECRET_BYTES, type Verifier } from "./index.ts";

const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

export function ed25519Identity(): Identity {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.byteLength));
  return {
    id: ed25519Verifier.idOf(raw),
    publicKey: raw,
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

/** A leaf's, as a page draws it. */
export function pageIdentity(secret: Uint8Array = randomBytes(SECRET_BYTES)): Identity {
  return leafIdentity(secret, createHash("sha256").update(secret).digest());
}

export const ed25519Verifier: Verifier = {
  idOf: (publicKey) => createHash("sha256").update(publicKey).digest("hex").slice(0, 32),
  verify: (publicKey, message, signature) => {
    const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
    return verify(null, message, key, signature);
  },
};
