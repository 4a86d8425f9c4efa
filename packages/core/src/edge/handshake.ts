/**
 * The handshake as a pure state machine, the same on both sides: HELLO (versions, nonce), INTRODUCE (who, proven
 * against both HELLOs), ACCEPT or REFUSE. It decides; the edge carries frames, keeps the time and knows the others.
 */
import { checkProof, type Identity, proofMessage, type Verifier, withoutSecret } from "../auth/index.ts";
import { ERROR_CODES, isMeshErrorCode, MeshError, type MeshErrorCode } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { control, FrameType, type IntroduceBody, type Role } from "../wire/index.ts";

/** What a node says of itself to every neighbour. */
export interface LocalNode {
  readonly identity: Identity;
  readonly verifier: Verifier | undefined;
  readonly mesh: string;
  readonly name: string;
  readonly role: Role;
  /** The present one: it grows when a former life of this node turns out to have had a higher one. */
  readonly incarnation: number;
  addresses(): readonly string[];
  /** Asked for at every handshake; empty when there is none. */
  credential(): Promise<string> | string;
}

export type HandshakeState =
  /** Ours is the whole frame as it was sent, theirs as it came: both are signed. */
  | { readonly phase: "hello"; readonly ourHello: Uint8Array }
  | {
      readonly phase: "introduce";
      readonly ourHello: Uint8Array;
      readonly theirHello: Uint8Array;
    }
  | { readonly phase: "accept"; readonly them: IntroduceBody };

/** What a frame led to: a new state, or the end of the handshake. */
export type HandshakeStep =
  | { readonly on: "introduce"; readonly state: HandshakeState & { phase: "introduce" } }
  | { readonly on: "introduced"; readonly state: HandshakeState & { phase: "accept" } }
  | { readonly on: "accepted"; readonly them: IntroduceBody };

export function encodeHello(nonce: Uint8Array): Uint8Array {
  return control.hello.encode({ magic: control.HELLO_MAGIC, ...control.PROTOCOL, nonce });
}

/** Our INTRODUCE, signed with both HELLOs. */
export function encodeIntroduce(
  local: LocalNode,
  state: HandshakeState & { phase: "introduce" },
  credential: string,
  ticket: Uint8Array,
): Uint8Array {
  const body = {
    mesh: local.mesh,
    id: local.identity.id,
    role: local.role,
    name: local.name,
    incarnation: local.incarnation,
    key: local.identity.secret ?? local.identity.publicKey,
    addresses: local.addresses(),
    credential,
    ticket,
  };
  return control.introduce.encode({
    ...body,
    signature: local.identity.sign(proofMessage(state.theirHello, state.ourHello, body)),
  });
}

/** @throws {MeshError} whatever is wrong with the frame, the version or the introduction; the link must go. */
export function step(state: HandshakeState, local: LocalNode, frame: Uint8Array): HandshakeStep {
  if (frame.byteLength > LIMITS.handshakeFrameBytes)
    throw new MeshError("too-large", `a frame of ${frame.byteLength} bytes during the handshake`);
  const type = frame[4]!;
  if (type === FrameType.refuse) {
    const { code, detail } = control.refuse.decode(frame);
    throw new MeshError(isMeshErrorCode(code) ? code : "bad-credentials", `refused by the other side: ${detail}`);
  }
  if (type === FrameType.goodbye) {
    const { code, detail } = control.goodbye.decode(frame);
    throw new MeshError(isMeshErrorCode(code) ? code : "goodbye", `the other side ended the handshake: ${detail}`);
  }
  if (state.phase === "hello" && type === FrameType.hello) {
    const hello = control.hello.decode(frame);
    if (hello.magic !== control.HELLO_MAGIC)
      throw new MeshError("malformed-frame", "the first frame is not from a mesh");
    if (hello.minVersion > control.PROTOCOL.maxVersion || hello.maxVersion < control.PROTOCOL.minVersion) {
      throw new MeshError(
        "unsupported-version",
        `they speak versions ${hello.minVersion} to ${hello.maxVersion}, we ${control.PROTOCOL.minVersion} to ${control.PROTOCOL.maxVersion}; upgrade the older one`,
      );
    }
    if (hello.nonce.byteLength !== control.NONCE_BYTES)
      throw new MeshError("malformed-frame", `a nonce of ${hello.nonce.byteLength} bytes`);
    return {
      on: "introduce",
      state: { phase: "introduce", ourHello: state.ourHello, theirHello: frame.slice() },
    };
  }
  if (state.phase === "introduce" && type === FrameType.introduce) {
    const them = control.introduce.decode(frame);
    if (them.mesh !== local.mesh)
      throw new MeshError("other-mesh", `they belong to the mesh "${them.mesh}", we to "${local.mesh}"`);
    if (them.id === local.identity.id) throw new MeshError("self-edge", "the other side has our own id");
    if (local.role === "leaf" && them.role === "leaf")
      throw new MeshError("forbidden", "a leaf cannot hang on a leaf; join a gateway");
    if (them.role === "leaf" && local.role === "peer")
      throw new MeshError("forbidden", "this peer takes no leaves; join a gateway");
    if (local.verifier) checkProof(local.verifier, state.ourHello, state.theirHello, them);
    return { on: "introduced", state: { phase: "accept", them: withoutSecret(them) } };
  }
  if (state.phase === "accept" && type === FrameType.accept) return { on: "accepted", them: state.them };
  throw new MeshError(
    "malformed-frame",
    `frame type 0x${type.toString(16)} has no place in the handshake's ${state.phase} phase`,
  );
}

/** What a stranger may learn of why it was turned away: a code, and never a detail that names something of ours. */
const TOLD: ReadonlySet<MeshErrorCode> = new Set([
  "bad-credentials",
  "bad-ticket",
  "draining",
  "duplicate-edge",
  "forbidden",
  "goodbye",
  "other-mesh",
  "overflow",
  "self-edge",
  "timed-out",
  "unsupported-version",
]);

/** The frame that ends a handshake because of `error`. */
export function encodeRefuse(error: MeshError): Uint8Array {
  const ours = error.code === "closed" ? "goodbye" : error.code; // what ends here is this node, not something of theirs
  const code = TOLD.has(ours) ? ours : "malformed-frame";
  // What is wrong with a ticket is a word of a closed list.
  const detail = code === "bad-ticket" ? String(error.cause) : ERROR_CODES[code].about;
  return control.refuse.encode({ code, detail: code === "other-mesh" ? "another mesh" : detail });
}
