import { describe, expect, it } from "vitest";
import { MeshError } from "../base/errors.ts";
import type { IntroduceBody } from "../wire/index.ts";
import { ed25519Identity, ed25519Verifier, pageIdentity } from "./ed25519.fixture.ts";
import { checkProof, proofMessage, SECRET_BYTES, withoutSecret } from "./index.ts";

const ours = new Uint8Array(32).fill(1);
const theirs = new Uint8Array(32).fill(2);

function introduction(changes: Partial<IntroduceBody> = {}) {
  const identity = ed25519Identity();
  const said = {
    mesh: "lab",
    id: identity.id,
    role: "peer" as const,
    name: "n",
    incarnation: 1,
    key: identity.publicKey,
    addresses: ["tcp://10.0.0.5:8511"],
    credential: "token",
    ticket: new Uint8Array(0),
  };
  return { identity, body: { ...said, signature: identity.sign(proofMessage(ours, theirs, said)), ...changes } };
}

function leafIntroduction() {
  const secret = new Uint8Array(SECRET_BYTES).fill(7);
  const { id } = pageIdentity(secret);
  const { body } = introduction({ role: "leaf", id, key: secret, signature: new Uint8Array(0) });
  return { id, secret, body };
}

describe("checkProof()", () => {
  it("takes a peer that signed both HELLOs and all it says", () => {
    const { body } = introduction();
    checkProof(ed25519Verifier, ours, theirs, body);
  });

  it.each([
    ["mesh", { mesh: "lab2" }],
    ["role", { role: "gateway" }],
    ["name", { name: "m" }],
    ["incarnation", { incarnation: 2 }],
    ["addresses", { addresses: [] }],
    ["credential", { credential: "token2" }],
    ["ticket", { ticket: new Uint8Array(1) }],
  ] as const)("refuses another %s than was signed", (_field, changes) => {
    const { body } = introduction(changes as Partial<IntroduceBody>);
    expect(() => checkProof(ed25519Verifier, ours, theirs, body)).toThrow(
      `[bad-credentials] the signature of ${body.id} is wrong`,
    );
  });

  it("refuses what was signed for another HELLO, or by the other side for us", () => {
    const { body } = introduction();
    expect(() => checkProof(ed25519Verifier, new Uint8Array(32).fill(9), theirs, body)).toThrow("[bad-credentials]");
    expect(() => checkProof(ed25519Verifier, ours, new Uint8Array(32).fill(9), body)).toThrow("[bad-credentials]");
    expect(() => checkProof(ed25519Verifier, theirs, ours, body)).toThrow("[bad-credentials]");
  });

  it("refuses an id that does not follow from the key, and a peer without a key", () => {
    const other = ed25519Identity();
    const { body } = introduction({ id: other.id });
    expect(() => checkProof(ed25519Verifier, ours, theirs, body)).toThrow(
      `the id ${other.id} does not belong to the key shown`,
    );
    const { body: keyless } = introduction({ key: new Uint8Array(0) });
    expect(() => checkProof(ed25519Verifier, ours, theirs, keyless)).toThrow("shows no Ed25519 key");
  });

  it("takes a leaf by its secret, and holds one with a key to that", () => {
    const { body } = leafIntroduction();
    checkProof(ed25519Verifier, ours, theirs, body);
    const { body: keyed } = introduction({ role: "leaf" });
    expect(() => checkProof(ed25519Verifier, ours, theirs, keyed)).toThrow("[bad-credentials]");
  });

  it("refuses a leaf whose id does not follow from its secret, or that has none, and never says what it showed", () => {
    const { id, secret, body } = leafIntroduction();
    const [other, short] = [secret.slice(), secret.subarray(1)];
    other[0]! ^= 1;
    expect(() => checkProof(ed25519Verifier, ours, theirs, { ...body, key: other })).toThrow(
      new MeshError("bad-credentials", `the id ${id} does not belong to the secret shown`),
    );
    for (const key of [short, new Uint8Array(0)])
      expect(() => checkProof(ed25519Verifier, ours, theirs, { ...body, key })).toThrow(
        new MeshError("bad-credentials", `leaf ${id} shows no Ed25519 key and no secret`),
      );
  });

  it("refuses a public key, which others have seen, in place of a secret", () => {
    const { body } = introduction();
    const thief = { ...body, role: "leaf" as const, signature: new Uint8Array(0) };
    expect(() => checkProof(ed25519Verifier, ours, theirs, thief)).toThrow("the signature of");
  });

  it("refuses a peer that shows a secret", () => {
    const { body } = leafIntroduction();
    expect(() => checkProof(ed25519Verifier, ours, theirs, { ...body, role: "peer" })).toThrow("shows no Ed25519 key");
  });
});

describe("withoutSecret()", () => {
  it("keeps all of an introduction but a leaf's secret", () => {
    const { body } = leafIntroduction();
    expect(withoutSecret(body)).toEqual({ ...body, key: new Uint8Array(0) });
    const { body: peer } = introduction();
    expect(withoutSecret(peer)).toBe(peer);
  });
});
