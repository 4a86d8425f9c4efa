/** Who a node is. A peer's id follows from its Ed25519 key, a page's from a secret that it tells nobody but its gateway. */
import type { Random } from "../base/clock.ts";
import { type NodeId, nodeIdFromBytes, randomNodeId } from "../base/ids.ts";

/** Of a raw Ed25519 public key. */
export const KEY_BYTES = 32;
/** Of a leaf's secret. Another length than a key's: else whoever has seen a node's public key could show it as a secret. */
export const SECRET_BYTES = 48;

export interface Identity {
  readonly id: NodeId;
  /** Raw Ed25519 public key, 32 bytes; empty for a node without a key (a leaf in a page). */
  readonly publicKey: Uint8Array;
  /** What a leaf without a key shows its gateway, 48 bytes, and nobody else ever sees. */
  readonly secret?: Uint8Array;
  /** Ed25519 signature of `message`, 64 bytes; empty without a key. */
  sign(message: Uint8Array): Uint8Array;
}

/** Checks what others claim. Absent where the platform cannot (a page on plain http). */
export interface Verifier {
  /** Whether `signature` is the key's for `message`. Never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** The id that belongs to a key or a secret: the first 16 bytes of its SHA-256, in hexadecimal. */
  idOf(key: Uint8Array): NodeId;
}

const NOTHING = new Uint8Array(0);

/**
 * A leaf's identity without a key.
 * @param secret `SECRET_BYTES` random ones.
 * @param sha256 Of the secret, 32 bytes: what computes it differs by runtime.
 */
export function leafIdentity(secret: Uint8Array, sha256: Uint8Array): Identity {
  return { id: nodeIdFromBytes(sha256), publicKey: NOTHING, secret, sign: () => NOTHING };
}

/** An identity that proves nothing: 128 random bits, for simulated nodes, which check nothing. */
export function keylessIdentity(random: Random): Identity {
  return { id: randomNodeId(random), publicKey: NOTHING, sign: () => NOTHING };
}
