/** Who a page is: a secret that lives in its memory, and the id that follows from it. */
import { type Identity, leafIdentity, type Random, SECRET_BYTES } from "@chaski/core";

/**
 * A fresh identity that lives as long as the page.
 * @param subtle What hashes; a page on plain http has none, and loads a library for it.
 */
export async function pageIdentity(
  random: Random,
  subtle: Pick<SubtleCrypto, "digest"> | undefined = globalThis.crypto.subtle,
): Promise<Identity> {
  const secret = random.bytes(SECRET_BYTES) as Uint8Array<ArrayBuffer>;
  return leafIdentity(secret, await sha256(secret, subtle));
}

async function sha256(
  bytes: Uint8Array<ArrayBuffer>,
  subtle: Pick<SubtleCrypto, "digest"> | undefined,
): Promise<Uint8Array> {
  if (subtle) return new Uint8Array(await subtle.digest("SHA-256", bytes));
  return (await import("@noble/hashes/sha2.js")).sha256(bytes);
}
