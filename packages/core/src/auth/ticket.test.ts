import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import { ticketBody } from "../wire/arbitraries.fixture.ts";
import { decodeTicket, encodeTicket, type TicketBody } from "../wire/index.ts";
import { ed25519Identity, ed25519Verifier, pageIdentity } from "./ed25519.fixture.ts";
import { checkTicket, type TicketFault } from "./index.ts";

const NOW_MS = 1_767_225_600_000;
const gateway = ed25519Identity();
const stranger = ed25519Identity();
const leaf = pageIdentity().id;
const said: TicketBody = {
  ...{ mesh: "lab", leaf, gateway: gateway.id },
  ...{ arrival: NOW_MS - 5_000, expiresAt: NOW_MS + 1_000 },
};
const ticketOf = (changes: Partial<TicketBody> = {}, signer = gateway): Uint8Array =>
  encodeTicket({ ...said, ...changes }, (message) => signer.sign(message));

function check(ticket: Uint8Array, wallNowMs = NOW_MS, verifier: typeof ed25519Verifier | null = ed25519Verifier) {
  const keyOf = (id: string): Uint8Array | undefined => (id === gateway.id ? gateway.publicKey : undefined);
  return checkTicket({ verifier: verifier ?? undefined, mesh: "lab", wallNowMs, keyOf }, leaf, ticket);
}

describe("checkTicket()", () => {
  it("gives what a gateway of the mesh has signed for this leaf", () => {
    expect(check(ticketOf())).toEqual(said);
  });

  it.each<[string, Uint8Array, TicketFault]>([
    ["of another mesh", ticketOf({ mesh: "lab2" }), "other-mesh"],
    ["for another leaf", ticketOf({ leaf: pageIdentity().id }), "other-leaf"],
    ["of a gateway that nobody knows", ticketOf({ gateway: stranger.id }, stranger), "unknown-gateway"],
    ["that a leaf made itself", ticketOf({ gateway: leaf }, stranger), "unknown-gateway"],
    ["in the name of a gateway, signed by another", ticketOf({}, stranger), "bad-signature"],
    ["without a signature", encodeTicket(said, () => new Uint8Array(0)), "bad-signature"],
    ["of one byte", new Uint8Array(1), "malformed"],
    ["of a body that claims 4 GiB", new Uint8Array([0xff, 0xff, 0xff, 0xff, 0]), "malformed"],
    ["of as many bytes as a ticket may have", new Uint8Array(LIMITS.ticketBytes).fill(0xff), "malformed"],
  ])("does not believe one %s", (_what, ticket, fault) => {
    expect(check(ticket)).toBe(fault);
  });

  it("believes it for as long as it is good, and a minute for clocks that differ", () => {
    const endsAtMs = said.expiresAt + TIMINGS.ticketSkewMs;
    expect([check(ticketOf(), endsAtMs), check(ticketOf(), endsAtMs + 1)]).toEqual([said, "expired"]);
  });

  it("believes none that was changed or cut anywhere", () => {
    const ticket = ticketOf();
    for (let at = 0; at < ticket.byteLength; at++) {
      const changed = ticket.slice();
      changed[at]! ^= 1;
      expect([at, typeof check(changed)]).toEqual([at, "string"]);
      expect([at, check(ticket.subarray(0, at))]).toEqual([at, "malformed"]);
    }
  });

  it("does not let what a gateway signed otherwise pass for a ticket", () => {
    // Without the domain that stands before it: as a record's body is signed.
    const asRecord = encodeTicket(said, (message) => gateway.sign(message.subarray(4 + 15 + 4)));
    expect(check(asRecord)).toBe("bad-signature");
  });

  it("checks all but signatures where it has no means to", () => {
    expect([check(ticketOf({}, stranger), NOW_MS, null), check(ticketOf({ mesh: "x" }), NOW_MS, null)]).toEqual([
      said,
      "other-mesh",
    ]);
  });

  it("answers random bytes with a fault", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => typeof check(bytes) === "string"));
  });
});

describe("encodeTicket()", () => {
  it("says what decodeTicket() reads", () => {
    fc.assert(
      fc.property(ticketBody, fc.uint8Array({ maxLength: 128 }), (body, signature) => {
        const ticket = decodeTicket(encodeTicket(body, () => signature));
        expect([ticket.body, ticket.signature]).toEqual([body, new Uint8Array(signature)]);
      }),
    );
  });
});
