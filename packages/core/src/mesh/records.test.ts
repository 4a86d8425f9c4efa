import { describe, expect, it } from "vitest";
import { ed25519Identity, ed25519Verifier } from "../auth/ed25519.fixture.ts";
import type { Identity } from "../auth/index.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import { codeOf } from "../wire/decode-any.fixture.ts";
import { control, type RecordBody, Writer } from "../wire/index.ts";
import { Departed } from "./departed.ts";
import { Records } from "./records.ts";

const alice = ed25519Identity();
const me = ed25519Identity().id;
/** The id of a peer that does not exist. */
const nobody = (number: number): string => number.toString(16).padStart(32, "0");

function bodyOf(identity: Identity, changes: Partial<RecordBody> = {}): Uint8Array {
  const writer = new Writer();
  control.recordBody.write(writer, {
    id: identity.id,
    incarnation: 10,
    sequence: 1,
    role: "peer",
    name: "alice",
    publicKey: identity.publicKey,
    addresses: [],
    neighbours: [],
    directory: 0,
    gone: false,
    ...changes,
  });
  return writer.finish();
}

function recordOf(identity: Identity, changes: Partial<RecordBody> = {}): Uint8Array {
  const body = bodyOf(identity, changes);
  return control.record.encode({ ageMs: 0, body, signature: identity.sign(body) });
}

describe("Records", () => {
  it("count what they drop: what is known already apart from lives that are over", () => {
    const records = new Records(ed25519Verifier, me);
    const offer = (changes: Partial<RecordBody>): void => void records.offer(recordOf(alice, changes), 0);
    offer({ sequence: 5 });
    expect(records.old).toEqual({ knownNews: 0, strayNews: 0 });
    offer({ sequence: 5 });
    offer({ sequence: 4 });
    expect(records.old).toEqual({ knownNews: 2, strayNews: 0 });
    offer({ incarnation: 9, sequence: 6 });
    expect(records.old).toEqual({ knownNews: 2, strayNews: 1 });
    records.departed = new Departed();
    records.expire(TIMINGS.recordExpiryMs);
    offer({ sequence: 5 });
    expect(records.old).toEqual({ knownNews: 2, strayNews: 2 });
  });

  it("keep a record that is genuine and new, as the very frame that came", () => {
    const records = new Records(ed25519Verifier, me);
    const frame = recordOf(alice, { name: "Alice" });
    expect(records.offer(frame, 5)).toMatchObject({
      id: alice.id,
      name: "Alice",
      frame,
      expiresAtMs: 5 + TIMINGS.recordExpiryMs,
    });
    expect(records.byId.get(alice.id)!.frame).toEqual(frame);
  });

  it.each([
    ["the same again", { sequence: 5 }, false],
    ["a lower sequence", { sequence: 4 }, false],
    ["a higher sequence", { sequence: 6 }, true],
    ["an earlier life, however much it said", { incarnation: 9, sequence: 100 }, false],
    ["a later life that begins to count anew", { incarnation: 11, sequence: 1 }, true],
    ["a goodbye", { sequence: 6, gone: true }, true],
  ])("take after number 5 of life 10 %s: %3$s", (_what, changes, taken) => {
    const records = new Records(ed25519Verifier, me);
    records.offer(recordOf(alice, { sequence: 5 }), 0);
    expect(records.offer(recordOf(alice, changes), 0) !== undefined).toBe(taken);
  });

  it("refuse a record in somebody else's name, under any key", () => {
    const mallory = ed25519Identity();
    const records = new Records(ed25519Verifier, me);
    for (const forged of [
      recordOf({ ...mallory, id: alice.id }),
      recordOf({ ...mallory, id: alice.id, publicKey: alice.publicKey }),
      recordOf({ ...mallory, id: alice.id, publicKey: new Uint8Array(0), sign: () => new Uint8Array(0) }),
    ]) {
      expect(() => records.offer(forged, 0)).toThrow(
        `[bad-credentials] the record of ${alice.id} is not signed by its key`,
      );
    }
    expect(records.byId.size).toBe(0);
  });

  it("refuse a record that was changed on its way, in any byte of its body", () => {
    const frame = recordOf(alice);
    const bodyBytes = bodyOf(alice).byteLength;
    const codes = new Set<unknown>();
    for (let at = 16; at < 16 + bodyBytes; at++) {
      const changed = frame.slice();
      changed[at]! ^= 1;
      codes.add(codeOf(() => new Records(ed25519Verifier, me).offer(changed, 0)));
    }
    expect([...codes].sort()).toEqual(["bad-credentials", "malformed-frame"]);
  });

  it("look at no signature of old news, which comes often", () => {
    let verified = 0;
    const records = new Records(
      {
        ...ed25519Verifier,
        verify: (...args) => ed25519Verifier.verify(...args) && ++verified > 0,
      },
      me,
    );
    const frame = recordOf(alice);
    records.offer(frame, 0);
    for (let i = 0; i < 5; i++) records.offer(frame.slice(), 0);
    expect(verified).toBe(1);
  });

  it("refuse the record of a leaf", () => {
    expect(() => new Records(ed25519Verifier, me).offer(recordOf(alice, { role: "leaf" }), 0)).toThrow(
      "[malformed-frame]",
    );
  });

  it.each([
    ["too many addresses", { addresses: Array(LIMITS.addresses + 1).fill("tcp://a:1") }, "17 addresses, more than 16"],
    [
      "too many neighbours",
      { neighbours: Array.from({ length: LIMITS.neighbours + 1 }, (_, i) => ({ id: nobody(i), cost: 1 })) },
      "4097 neighbours, more than 4096",
    ],
  ])("refuse one with %s", (_what, changes, why) => {
    expect(() => new Records(ed25519Verifier, me).offer(recordOf(alice, changes), 0)).toThrow(why);
  });

  it("take the largest there can be, and nothing that is longer by what a later version adds", () => {
    const largest = {
      ...{
        name: "x".repeat(LIMITS.nameBytes),
        addresses: Array(LIMITS.addresses).fill("x".repeat(LIMITS.addressBytes)),
      },
      neighbours: Array.from({ length: LIMITS.neighbours }, (_, i) => ({ id: nobody(i), cost: 1 })),
    };
    const records = new Records(ed25519Verifier, me);
    expect(records.offer(recordOf(alice, largest), 0)).toBeDefined();
    const body = new Uint8Array(LIMITS.recordBytes);
    body.set(bodyOf(alice, { ...largest, sequence: 2 }));
    const padded = control.record.encode({ ageMs: 0, body, signature: alice.sign(body) });
    expect(() => records.offer(padded, 0)).toThrow("[malformed-frame]");
  });

  it("of many that say much leave room for those that say little, and for one's own", () => {
    const records = new Records(undefined, me);
    const offer = (id: string, sequence: number, bytes: number): boolean => {
      const body = new Uint8Array(bytes);
      body.set(bodyOf({ ...alice, id }, { sequence }));
      return records.offer(control.record.encode({ ageMs: 0, body, signature: new Uint8Array(0) }), 0) !== undefined;
    };
    let many = 0;
    for (const bytes of [125e3, 2e3]) while (offer(nobody(many), 1, bytes)) many++;
    expect(many).toBeLessThan(1_000); // in 16 MiB, beside their own parts of 1.6 KiB
    expect([offer(alice.id, 1, 1e3), offer(alice.id, 2, 3e3), offer(me, 1, 3e3)]).toEqual([true, false, true]);
    expect(records.refused).toBe(3);
    expect([offer(nobody(0), 2, 1e3), offer(alice.id, 2, 3e3)]).toEqual([true, true]);
    records.expire(TIMINGS.recordExpiryMs);
    for (let i = 0; i < 130; i++) expect(offer(nobody(i), 1, 125e3)).toBe(true);
  });

  it("are dropped when they are not refreshed, except one's own", () => {
    const records = new Records(ed25519Verifier, alice.id);
    const bob = ed25519Identity();
    records.offer(recordOf(alice), 0);
    records.offer(recordOf(bob), 0);
    records.offer(recordOf(bob, { sequence: 2 }), 10);
    expect(records.expire(TIMINGS.recordExpiryMs - 1)).toEqual([]);
    expect(records.expire(TIMINGS.recordExpiryMs)).toEqual([]);
    expect(records.expire(TIMINGS.recordExpiryMs + 10).map(({ id }) => id)).toEqual([bob.id]);
    expect([...records.byId.keys()]).toEqual([alice.id]);
  });

  it("believe everybody where nothing can be checked", () => {
    expect(new Records(undefined, me).offer(recordOf({ ...alice, sign: () => new Uint8Array(0) }), 0)).toBeDefined();
  });
});

describe("Records of peers that have expired", () => {
  /** Who has said goodbye, and is forgotten. */
  function gone() {
    const records = new Records(ed25519Verifier, me);
    const departed = new Departed();
    records.departed = departed;
    records.offer(recordOf(alice, { sequence: 5 }), 0);
    records.offer(recordOf(alice, { sequence: 6, gone: true }), 0);
    expect(records.expire(TIMINGS.recordExpiryMs)).toHaveLength(1);
    return { records, departed };
  }

  it.each([
    ["the last one, as if it were young", { sequence: 6, gone: true }, false],
    ["one from before its goodbye", { sequence: 5 }, false],
    ["one of an earlier life", { incarnation: 9, sequence: 100 }, false],
    ["what it says later", { sequence: 7 }, true],
    ["what it says in a later life", { incarnation: 11, sequence: 1 }, true],
  ])("take %s: %3$s", (_what, changes, taken) => {
    const { records } = gone();
    expect(records.offer(recordOf(alice, changes), TIMINGS.recordExpiryMs) !== undefined).toBe(taken);
    expect(records.byId.has(alice.id)).toBe(taken);
  });

  it("answer what is older with the last one, which is about to expire, and nothing else", () => {
    const { departed } = gone();
    const last = control.record.decode(recordOf(alice, { sequence: 6, gone: true }));
    const answer = (changes: Partial<RecordBody>) => {
      const frame = departed.lastWord(recordOf(alice, changes), TIMINGS.recordExpiryMs);
      return frame && control.record.decode(frame);
    };
    const old = { ...last, ageMs: TIMINGS.recordExpiryMs - TIMINGS.departedMs };
    expect(
      [{ sequence: 5 }, { incarnation: 9, sequence: 100 }, { sequence: 6 }, { incarnation: 11 }].map(answer),
    ).toEqual([old, old, undefined, undefined]);
    expect(departed.lastWord(recordOf(ed25519Identity()), 0)).toBeUndefined();
  });

  it("are no more than peers there may be, and those that say much push out only their like", () => {
    const departed = new Departed();
    const add = (number: number, bytes: number): void =>
      departed.add({ id: nobody(number), incarnation: 1, sequence: 1, frame: new Uint8Array(bytes) });
    const held = (from: number, to: number): number =>
      Array.from({ length: to - from }, (_, i) => departed.get(nobody(from + i))).filter(Boolean).length;
    for (let i = 0; i < 1_000; i++) add(i, 800);
    for (let i = 1_000; i < 1_300; i++) add(i, LIMITS.recordBytes);
    expect([held(0, 1_000), held(1_000, 1_300), held(1_236, 1_300)]).toEqual([1_000, 64, 64]); // 8 MiB of large ones
    for (let i = 2_000; i < 12_500; i++) add(i, 800);
    expect([held(0, 2_500), held(2_500, 12_500)]).toEqual([0, LIMITS.peers]);
  });
});
