/** What a node signs to prove that it is who it says, on this very link. */
import { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { bytes, control, type IntroduceBody, struct, Writer } from "../wire/index.ts";
import { KEY_BYTES, SECRET_BYTES, type Verifier } from "./identity.ts";

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

/** Without a key: the secret is all it has. */
const isBySecret = ({ role, key }: IntroduceBody): boolean => role === "leaf" && key.byteLength === SECRET_BYTES;

/**
 * @throws {MeshError} `bad-credentials` when id, key and signature do not belong together, or a leaf's id and secret. Neither is
 *   named: a secret must not get into a log.
 */
export function checkProof(
  verifier: Verifier,
  ourHello: Uint8Array,
  theirHello: Uint8Array,
  body: IntroduceBody,
): void {
  const { id, role, key } = body;
  const bySecret = isBySecret(body);
  if (!bySecret && key.byteLength !== KEY_BYTES)
    throw new MeshError(
      "bad-credentials",
      `${role} ${id} shows no Ed25519 key${role === "leaf" ? " and no secret" : ""}`,
    );
  if (verifier.idOf(key) !== id)
    throw new MeshError("bad-credentials", `the id ${id} does not belong to the ${bySecret ? "secret" : "key"} shown`);
  if (bySecret) return;
  if (!verifier.verify(key, proofMessage(ourHello, theirHello, body), body.signature)) {
    throw new MeshError("bad-credentials", `the signature of ${id} is wrong`);
  }
}

const NOTHING = new Uint8Array(0);

/** What is kept of an introduction: a secret has done its work. Nor is the packet kept that it came in, which the rest are views of. */
export function withoutSecret(body: IntroduceBody): IntroduceBody {
  return isBySecret(body) ? { ...body, key: NOTHING, signature: NOTHING, ticket: body.ticket.slice() } : body;
}
