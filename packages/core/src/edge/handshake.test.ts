import { describe, expect, it } from "vitest";
import { ed25519Identity, ed25519Verifier, pageIdentity } from "../auth/ed25519.fixture.ts";
import { MeshError, type MeshErrorCode } from "../base/errors.ts";
import { control, FrameType, type Role } from "../wire/index.ts";
import { encodeHello, encodeIntroduce, encodeRefuse, type HandshakeState, type LocalNode, step } from "./handshake.ts";

const ourNonce = new Uint8Array(32).fill(0xa1);
const theirNonce = new Uint8Array(32).fill(0xb2);
const [ourHello, theirHello] = [encodeHello(ourNonce), encodeHello(theirNonce)];
const NO_TICKET = new Uint8Array(0);
const start: HandshakeState = { phase: "hello", ourHello };

function local(changes: Partial<LocalNode> = {}): LocalNode {
  return {
    identity: ed25519Identity(),
    verifier: ed25519Verifier,
    mesh: "lab",
    name: "us",
    role: "peer",
    incarnation: 1,
    addresses: () => ["tcp://10.0.0.5:8511"],
    credential: () => "",
    ...changes,
  };
}

const introducing = (from: Uint8Array, to: Uint8Array): HandshakeState & { phase: "introduce" } => ({
  ...{ phase: "introduce", ourHello: from, theirHello: to },
});
const ourIntroducing = introducing(ourHello, theirHello);
/** What `them` would send us after both HELLOs. */
const introductionOf = (them: LocalNode, to = ourHello): Uint8Array =>
  encodeIntroduce(them, introducing(theirHello, to), "", NO_TICKET);

function refusal(state: HandshakeState, us: LocalNode, frame: Uint8Array): readonly [MeshErrorCode, string] {
  try {
    step(state, us, frame);
  } catch (error) {
    if (error instanceof MeshError) return [error.code, error.message];
    throw error;
  }
  throw new Error("it was not refused");
}

const helloFrame = (changes: Partial<ReturnType<typeof control.hello.decode>>): Uint8Array =>
  control.hello.encode({ magic: control.HELLO_MAGIC, ...control.PROTOCOL, nonce: theirNonce, ...changes });

/** HELLO with a field of a later version. */
function withTail(hello: Uint8Array): Uint8Array {
  const longer = new Uint8Array([...hello, 1]);
  longer[3] = longer.byteLength;
  return longer;
}

describe("the handshake", () => {
  it("goes from HELLO over INTRODUCE to ACCEPT, on both sides alike", () => {
    const [a, b] = [local({ name: "a" }), local({ name: "b" })];
    const toA = step(start, a, theirHello);
    const toB = step({ phase: "hello", ourHello: theirHello }, b, ourHello);
    if (toA.on !== "introduce" || toB.on !== "introduce") return expect.unreachable();

    const introducedToA = step(toA.state, a, encodeIntroduce(b, toB.state, "token", NO_TICKET));
    const introducedToB = step(toB.state, b, encodeIntroduce(a, toA.state, "", NO_TICKET));
    if (introducedToA.on !== "introduced" || introducedToB.on !== "introduced") return expect.unreachable();
    expect(introducedToA.state.them).toMatchObject({ id: b.identity.id, name: "b", credential: "token" });

    const end = step(introducedToA.state, a, control.accept.encode({}));
    expect(end).toMatchObject({ on: "accepted", them: { id: b.identity.id } });
  });

  it("speaks with versions that include ours, whatever else they are capable of", () => {
    const result = step(start, local(), helloFrame({ minVersion: 0, maxVersion: 255, capabilities: 0xffff_ffff }));
    expect(result).toMatchObject({ on: "introduce" });
  });

  it("keeps a copy of their HELLO: the packet it came in may be large", () => {
    const packet = new Uint8Array(100_000);
    const frame = packet.subarray(7, 7 + theirHello.byteLength);
    frame.set(theirHello);
    const result = step(start, local(), frame);
    if (result.on !== "introduce") return expect.unreachable();
    const { state } = result;
    expect(state.theirHello).toEqual(theirHello);
    expect(state.theirHello.buffer.byteLength).toBe(theirHello.byteLength);
  });

  it.each([
    ["another magic", helloFrame({ magic: 1 }), "malformed-frame", "the first frame is not from a mesh"],
    [
      "only newer versions",
      helloFrame({ minVersion: 1, maxVersion: 3 }),
      "unsupported-version",
      "they speak versions 1 to 3, we 0 to 0; upgrade the older one",
    ],
    ["a short nonce", helloFrame({ nonce: new Uint8Array(31) }), "malformed-frame", "a nonce of 31 bytes"],
    [
      "INTRODUCE first",
      introductionOf(local()),
      "malformed-frame",
      "frame type 0x2 has no place in the handshake's hello phase",
    ],
    [
      "ACCEPT first",
      control.accept.encode({}),
      "malformed-frame",
      "frame type 0x3 has no place in the handshake's hello phase",
    ],
    [
      "a frame of an open edge",
      control.synced.encode({}),
      "malformed-frame",
      "frame type 0x13 has no place in the handshake's hello phase",
    ],
    ["more than 16 KiB", new Uint8Array(16_385), "too-large", "a frame of 16385 bytes during the handshake"],
    [
      "nothing but a head",
      helloFrame({}).subarray(0, 8),
      "malformed-frame",
      "a field of 4 bytes passes the end of its frame",
    ],
  ] as const)("refuses a stranger with %s", (_what, frame, code, detail) => {
    expect(refusal(start, local(), frame)).toEqual([code, `[${code}] ${detail}`]);
  });

  it("refuses another mesh", () => {
    expect(refusal(ourIntroducing, local(), introductionOf(local({ mesh: "other" })))).toEqual([
      "other-mesh",
      '[other-mesh] they belong to the mesh "other", we to "lab"',
    ]);
  });

  it("refuses ourselves, and whoever claims our id", () => {
    const us = local();
    expect(refusal(ourIntroducing, us, introductionOf(us))[0]).toBe("self-edge");
    const thief = local({ identity: { ...ed25519Identity(), id: us.identity.id } });
    expect(refusal(ourIntroducing, us, introductionOf(thief))[0]).toBe("self-edge");
  });

  it.each([
    ["leaf", "leaf", "a leaf cannot hang on a leaf; join a gateway"],
    ["peer", "leaf", "this peer takes no leaves; join a gateway"],
  ] as const)("refuses on a %s a %s", (ourRole, theirRole, detail) => {
    const them = local({ role: theirRole, identity: pageIdentity() });
    expect(refusal(ourIntroducing, local({ role: ourRole }), introductionOf(them))).toEqual([
      "forbidden",
      `[forbidden] ${detail}`,
    ]);
  });

  it.each<[Role, Role]>([
    ["peer", "peer"],
    ["peer", "gateway"],
    ["gateway", "gateway"],
    ["gateway", "leaf"],
    ["leaf", "gateway"],
    ["leaf", "peer"],
  ])("takes on a %s a %s", (ourRole, theirRole) => {
    const identity = theirRole === "leaf" ? pageIdentity() : ed25519Identity();
    const result = step(ourIntroducing, local({ role: ourRole }), introductionOf(local({ role: theirRole, identity })));
    expect(result).toMatchObject({ on: "introduced", state: { them: { role: theirRole, id: identity.id } } });
  });

  it("refuses a signature of another key", () => {
    const other = ed25519Identity();
    const them = local({ identity: { ...ed25519Identity(), sign: other.sign } });
    expect(refusal(ourIntroducing, local(), introductionOf(them))).toEqual([
      "bad-credentials",
      `[bad-credentials] the signature of ${them.identity.id} is wrong`,
    ]);
  });

  it("refuses an introduction heard on another link and played again", () => {
    const frame = introductionOf(local(), encodeHello(new Uint8Array(32).fill(0xcc)));
    expect(refusal(ourIntroducing, local(), frame)[0]).toBe("bad-credentials");
  });

  it.each([
    ["their versions", helloFrame({ maxVersion: 7 }), ourHello],
    ["their capabilities", helloFrame({ capabilities: 1 }), ourHello],
    ["our versions", theirHello, helloFrame({ nonce: ourNonce, maxVersion: 7 })],
    ["our capabilities", theirHello, helloFrame({ nonce: ourNonce, capabilities: 1 })],
    ["what a later version added to theirs", withTail(theirHello), ourHello],
  ])("refuses who signed other HELLOs than travelled: somebody on the way changed %s", (_what, said, heard) => {
    const greeted = step(start, local(), theirHello);
    if (greeted.on !== "introduce") return expect.unreachable();
    const frame = encodeIntroduce(local(), introducing(said, heard), "", NO_TICKET);
    expect(refusal(greeted.state, local(), frame)[0]).toBe("bad-credentials");
  });

  it("refuses a peer without a key, and takes one where nothing can be checked", () => {
    const them = local({ identity: pageIdentity() });
    expect(refusal(ourIntroducing, local(), introductionOf(them))[0]).toBe("bad-credentials");
    expect(step(ourIntroducing, local({ verifier: undefined }), introductionOf(them))).toMatchObject({
      on: "introduced",
    });
  });

  it.each([
    ["other-mesh", "other-mesh"],
    ["toString", "bad-credentials"],
    ["a-code-to-come", "bad-credentials"],
  ])("ends when the other side refuses with the code %s", (code, expected) => {
    const frame = control.refuse.encode({ code, detail: "no" });
    for (const state of [start, ourIntroducing]) {
      expect(refusal(state, local(), frame)).toEqual([expected, `[${expected}] refused by the other side: no`]);
    }
  });

  it("ends without blame when the other side closes meanwhile", () => {
    const frame = control.goodbye.encode({ code: "goodbye", detail: "the node closed" });
    expect(refusal(start, local(), frame)).toEqual([
      "goodbye",
      "[goodbye] the other side ended the handshake: the node closed",
    ]);
  });
});

describe("encodeRefuse()", () => {
  it.each([
    ["other-mesh", "other-mesh", "another mesh"],
    ["self-edge", "self-edge", "the address leads back to this very node"],
    ["bad-credentials", "bad-credentials", "the other side did not accept who we are"],
    ["overflow", "overflow", "a bounded queue was full"],
    ["timed-out", "timed-out", "the deadline passed; the remote may still act"],
    ["closed", "goodbye", "the other side closed the edge on purpose"],
    ["too-large", "malformed-frame", "the other side broke the wire format or the protocol"],
    ["remote-error", "malformed-frame", "the other side broke the wire format or the protocol"],
  ] as const)("tells a stranger of %s no more than %s, and nothing of ours", (code, told, detail) => {
    const frame = encodeRefuse(new MeshError(code, 'the mesh "secret", key 123'));
    expect(frame[4]).toBe(FrameType.refuse);
    expect(control.refuse.decode(frame)).toEqual({ code: told, detail });
  });

  it("tells a leaf what is wrong with its ticket", () => {
    const frame = encodeRefuse(
      new MeshError("bad-ticket", "the ticket of leaf 7 is refused: expired", { cause: "expired" }),
    );
    expect(control.refuse.decode(frame)).toEqual({ code: "bad-ticket", detail: "expired" });
  });
});
