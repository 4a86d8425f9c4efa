/** Ed25519 identities and their verification, by Node's own cryptography. */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import type { Identity, NodeId, Verifier } from "@chaski/core";

/** What stands before the 32 raw bytes in an Ed25519 SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

function idOf(publicKey: Uint8Array): NodeId {
  return createHash("sha256").update(publicKey).digest("hex").slice(0, 32);
}

/** A fresh key that lives as long as the process. */
export function ephemeralIdentity(): Identity {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length));
  return { id: idOf(raw), publicKey: raw, sign: (message) => sign(null, message, privateKey) };
}

/** Keys seen lately, parsed: records of the same peer come again and again. */
const parsed = new Map<string, KeyObject>();
const MAX_PARSED = 1_000;

function parse(publicKey: Uint8Array): KeyObject {
  const cacheKey = Buffer.from(publicKey).toString("latin1");
  let key = parsed.get(cacheKey);
  if (!key) {
    if (parsed.size >= MAX_PARSED) parsed.clear();
    key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
    parsed.set(cacheKey, key);
  }
  return key;
}

export const nodeVerifier: Verifier = {
  idOf,
  verify: (publicKey, message, signature) => {
    if (publicKey.byteLength !== 32 || signature.byteLength !== 64) return false;
    try {
      return verify(null, message, parse(publicKey), signature);
    } catch {
      return false; // 32 bytes that are no point of the curve: not genuine, and that is the whole answer
    }
  },
};
