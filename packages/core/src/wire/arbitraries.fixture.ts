/** Random fields for every control frame, within what the tables allow. */
import fc from "fast-check";
import { LIMITS } from "../base/limits.ts";
import { isPattern, isTopic } from "../base/topic-pattern.ts";
import { MAX_SEQ } from "./data-frame.ts";
import { control } from "./index.ts";

const utf8Bytes = (text: string): number => new TextEncoder().encode(text).byteLength;
/** Well-formed text of any script, at most `maxBytes` of UTF-8. */
const text = (maxBytes: number) =>
  fc.string({ unit: "grapheme", maxLength: 40 }).filter((value) => utf8Bytes(value) <= maxBytes);
const upTo = (most: number) => fc.maxSafeNat().map((value) => value % (most + 1));

export const nodeId = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const name = text(LIMITS.nameBytes);
const u32 = upTo(0xffff_ffff);
const u53 = upTo(Number.MAX_SAFE_INTEGER);
export const seq = upTo(MAX_SEQ);
const segment = fc.oneof(
  fc.constantFrom("a", "b", "*", "**"),
  text(60).map((value) => value.replaceAll(/[*/\p{Cc}]/gu, "")),
);
const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => segments.join("/"));
const pattern = path.filter(isPattern);
const topic = path.filter(isTopic);
const lists = { maxLength: 5 };
const origins = fc.array(fc.record({ id: nodeId, incarnation: u53 }), lists);
const role = fc.constantFrom(...control.ROLES);

/** Name, codec, fields. */
export const frames = [
  [
    "hello",
    control.hello,
    fc.record({ magic: u32, minVersion: upTo(255), maxVersion: upTo(255), capabilities: u32, nonce: bytes(32) }),
  ],
  [
    "introduce",
    control.introduce,
    fc.record({
      mesh: name,
      id: nodeId,
      role,
      name,
      incarnation: u53,
      key: bytes(64),
      addresses: fc.array(text(512), lists),
      credential: text(8192),
      ticket: bytes(100),
      signature: bytes(128),
    }),
  ],
  ["accept", control.accept, fc.constant({})],
  ["refuse", control.refuse, fc.record({ code: text(64), detail: text(1024) })],
  ["goodbye", control.goodbye, fc.record({ code: text(64), detail: text(1024) })],
  ["ping", control.ping, fc.record({ token: u53, roundTripMicros: u32 })],
  ["pong", control.pong, fc.record({ token: u53 })],
  ["away", control.away, fc.record({ away: fc.boolean() })],
  ["drain", control.drain, fc.constant({})],
  ["ticket", control.ticket, fc.record({ ticket: bytes(300) })],
  ["record", control.record, fc.record({ ageMs: u32, body: bytes(300), signature: bytes(128) })],
  ["share", control.share, fc.record({ body: bytes(300), signature: bytes(128) })],
  [
    "digest",
    control.digest,
    fc.record({
      whole: fc.boolean(),
      known: fc.array(fc.record({ id: nodeId, incarnation: u53, sequence: u53, directory: u53 }), lists),
    }),
  ],
  ["synced", control.synced, fc.constant({})],
  [
    "interest",
    control.interest,
    fc.record({
      whole: fc.boolean(),
      topics: fc.array(fc.record({ pattern, wanted: fc.boolean() }), lists),
      services: fc.array(fc.record({ service: name, offered: fc.boolean() }), lists),
    }),
  ],
  [
    "flow",
    control.flow,
    fc.record({
      flow: u53,
      home: nodeId,
      incarnation: u53,
      origin: nodeId,
      epoch: u32,
      reliability: fc.constantFrom(...control.RELIABILITIES),
      topic,
    }),
  ],
  [
    "attach",
    control.attach,
    fc.record({
      origins,
      wants: fc.array(fc.record({ pattern, fresh: fc.boolean() }), lists),
      positions: fc.array(fc.record({ flow: u53, seq }), lists),
    }),
  ],
  ["attached", control.attached, fc.record({ origins, patterns: fc.array(pattern, lists) })],
  ["detach", control.detach, fc.record({ origins, patterns: fc.array(pattern, lists) })],
  ["start", control.start, fc.record({ flow: u53, base: seq, offeredMs: u32 })],
  ["gap", control.gap, fc.record({ flow: u53, from: seq, to: seq, reason: fc.constantFrom(...control.GAP_REASONS) })],
  ["skip", control.skip, fc.record({ flow: u53, from: seq, to: seq })],
  ["end", control.end, fc.record({ flow: u53, last: seq, reason: fc.constantFrom(...control.END_REASONS) })],
] as const;

/** The body of a record frame. */
export const recordBody = fc.record({
  id: nodeId,
  incarnation: u53,
  sequence: u53,
  role,
  name,
  publicKey: bytes(64),
  addresses: fc.array(text(512), lists),
  neighbours: fc.array(fc.record({ id: nodeId, cost: u32 }), lists),
  directory: u53,
  gone: fc.boolean(),
});

/** What a ticket says. */
export const ticketBody = fc.record({ mesh: name, leaf: nodeId, gateway: nodeId, arrival: u53, expiresAt: u53 });

/** The body of a share frame. */
export const shareBody = fc.record({
  id: nodeId,
  incarnation: u53,
  version: u53,
  whole: fc.boolean(),
  topics: fc.array(fc.record({ pattern, self: fc.boolean(), leaves: u32 }), lists),
  services: fc.array(
    fc.record({ service: name, owner: nodeId, ownerName: name, arrival: u53, offered: fc.boolean() }),
    lists,
  ),
});
