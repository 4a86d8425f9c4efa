/** Who a node is. A peer's id follows from its Ed25519 key; a leaf's is random and vouched for by its gateway. */
import type { Random } from "../base/clock.ts";
import { type NodeId, randomNodeId } from "../base/ids.ts";

export interface Identity {
  readonly id: NodeId;
  /** Raw Ed25519 public key, 32 bytes; empty for a node without a key (a leaf in a page). */
  readonly publicKey: Uint8Array;
  /** Ed25519 signature of `message`, 64 bytes; empty without a key. */
  sign(message: Uint8Array): Uint8Array;
}

/** Checks what others claim. Absent where the platform cannot (a page on plain http). */
export interface Verifier {
  /** Whether `signature` is the key's for `message`. Never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** The id that belongs to a key: the first 16 bytes of its SHA-256, in hexadecimal. */
  idOf(publicKey: Uint8Array): NodeId;
}

const NOTHING = new Uint8Array(0);

/** A leaf's identity: 128 random bits, no key. */
export function keylessIdentity(random: Random): Identity {
  return { id: randomNodeId(random), publicKey: NOTHING, sign: () => NOTHING };
}
