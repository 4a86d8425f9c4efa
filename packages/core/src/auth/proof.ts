/** What a node signs to prove that it is who it says, on this very link. */
import { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { bytes, control, type IntroduceBody, struct, Writer } from "../wire/index.ts";
import type { Verifier } from "./identity.ts";

const hello = bytes(LIMITS.handshakeFrameBytes);
const signed = struct({ domain: bytes(32), toHello: hello, fromHello: hello, ...control.introduceBody });

/** Keeps a handshake's signature from meaning anything elsewhere. */
const DOMAIN = new Uint8Array([0x63, 0x68, 0x61, 0x73, 0x6b, 0x69, 0x20, 0x65, 0x64, 0x67, 0x65, 0x20, 0x30]); // "chaski edge 0"

/**
 * The bytes to sign: both HELLO frames as they travelled, the verifier's first, then everything introduced. So neither
 * the versions nor the capabilities that were offered can be changed on the way.
 */
export function proofMessage(
  toHello: Uint8Array,
  fromHello: Uint8Array,
  body: Omit<IntroduceBody, "signature">,
): Uint8Array {
  const writer = new Writer();
  signed.write(writer, { domain: DOMAIN, toHello, fromHello, ...body });
  return writer.finish();
}

/** @throws {MeshError} `bad-credentials` when a peer's id, key and signature do not belong together. */
export function checkProof(
  verifier: Verifier,
  ourHello: Uint8Array,
  theirHello: Uint8Array,
  body: IntroduceBody,
): void {
  if (body.role === "leaf" && body.publicKey.byteLength === 0) return; // vouched for by its gateway
  if (body.publicKey.byteLength !== 32)
    throw new MeshError("bad-credentials", `${body.role} ${body.id} shows no Ed25519 key`);
  if (verifier.idOf(body.publicKey) !== body.id)
    throw new MeshError("bad-credentials", `the id ${body.id} does not belong to the key shown`);
  if (!verifier.verify(body.publicKey, proofMessage(ourHello, theirHello, body), body.signature)) {
    throw new MeshError("bad-credentials", `the signature of ${body.id} is wrong`);
  }
}
