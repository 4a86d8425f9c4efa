/** Every control frame: its type, and its body as a table. `docs/wire-protocol.md` explains what they do. */
import { LIMITS } from "../base/limits.ts";
import { isPattern, isTopic } from "../base/topic-pattern.ts";
import { MAX_SEQ } from "./data-frame.ts";
import { FRAME_HEAD_BYTES, FrameType, Lane, writeHead } from "./frame.ts";
import {
  bytes,
  checkedText,
  type Field,
  flag,
  integer,
  list,
  nodeId,
  oneOf,
  Reader,
  struct,
  text,
  u8,
  u32,
  u53,
  Writer,
} from "./schema.ts";

/** What this build speaks. Version 0 may change at any time. */
export const PROTOCOL = { minVersion: 0, maxVersion: 0, capabilities: 0 } as const;

/** "CHSK": the first four bytes of every HELLO body, in every version to come. */
export const HELLO_MAGIC = 0x4348534b;

export const NONCE_BYTES = 32;

export const ROLES = ["peer", "gateway", "leaf"] as const;
/** A peer relays, a gateway is a peer that also accepts leaves, a leaf never relays. */
export type Role = (typeof ROLES)[number];

export const RELIABILITIES = ["reliable", "volatile"] as const;
/** `reliable`: all of it or a gap. `volatile`: the newest matter, drops are counted. */
export type Reliability = (typeof RELIABILITIES)[number];

/** Why the mesh could not deliver a range of a flow. */
export const GAP_REASONS = ["forgotten", "origin-lost", "too-slow", "undecodable"] as const;
export type GapReason = (typeof GAP_REASONS)[number];

/** Why nothing of a flow comes any more. */
export const END_REASONS = ["goodbye", "origin-lost", "forgotten"] as const;
export type EndReason = (typeof END_REASONS)[number];

/** What is refused by a frame of its own. `relay` names the node whose messages are not passed on. */
export const REFUSED_ACTIONS = ["subscribe", "publish", "relay"] as const;
export type RefusedAction = (typeof REFUSED_ACTIONS)[number];

const topic = checkedText(LIMITS.topicBytes, "topic", isTopic);
const pattern = checkedText(LIMITS.topicBytes, "pattern", isPattern);
const name = text(LIMITS.nameBytes);
const address = text(LIMITS.addressBytes);
const code = text(64);
const detail = text(1024);
const seq = integer(MAX_SEQ);
const ticketBytes = bytes(LIMITS.ticketBytes);

export interface ControlFrame<T> {
  readonly type: FrameType;
  /** The whole frame, head included; the caller owns it. @throws {RangeError} when a text or bytes are too long. */
  encode(body: T): Uint8Array;
  /** @throws {MeshError} `malformed-frame` */
  decode(frame: Uint8Array): T;
}

const writer = new Writer();

function controlFrame<T>(type: FrameType, body: Field<T>, lane: Lane = Lane.control): ControlFrame<T> {
  return {
    type,
    encode: (value) => {
      writer.clear();
      writer.reserve(FRAME_HEAD_BYTES);
      body.write(writer, value);
      writeHead(writer.bytes, 0, writer.byteLength, type, 0, lane, 0);
      return writer.finish();
    },
    decode: (frame) => body.read(new Reader(frame, FRAME_HEAD_BYTES)),
  };
}

/** First from both sides. Its layout never changes. */
export const hello = controlFrame(
  FrameType.hello,
  struct({ magic: u32, minVersion: u8, maxVersion: u8, capabilities: u32, nonce: bytes(NONCE_BYTES) }),
);

/**
 * Who the sender is. `key` is an Ed25519 public key, or the secret of a leaf without one, which goes no further. The signature
 * covers both HELLOs and every other field (see `auth/proof.ts`).
 */
export const introduceBody = {
  mesh: name,
  id: nodeId,
  role: oneOf(ROLES),
  name,
  incarnation: u53,
  key: bytes(64),
  addresses: list(address),
  credential: text(LIMITS.credentialBytes),
  ticket: ticketBytes,
};
export const introduce = controlFrame(FrameType.introduce, struct({ ...introduceBody, signature: bytes(128) }));

export const accept = controlFrame(FrameType.accept, struct({}));
export const refuse = controlFrame(FrameType.refuse, struct({ code, detail }));
export const goodbye = controlFrame(FrameType.goodbye, struct({ code, detail }));

/** `roundTripMicros` tells a leaf what its gateway measured; 0 is unknown. Both sides may pad. */
export const ping = controlFrame(FrameType.ping, struct({ token: u53, roundTripMicros: u32 }));
export const pong = controlFrame(FrameType.pong, struct({ token: u53 }));

/** A leaf may be silent for long from now on, and means to come back; or not any more. */
export const away = controlFrame(FrameType.away, struct({ away: flag }));

/** A gateway is about to close: its leaf is to go elsewhere, and is served until it has gone. */
export const drain = controlFrame(FrameType.drain, struct({}));

/** For a leaf, to show to the next gateway; opaque to it (see `wire/ticket.ts`). */
export const ticket = controlFrame(FrameType.ticket, struct({ ticket: ticketBytes }));

/**
 * A peer's record, opaque to whoever passes it on; `recordBody` is what stands in `body`. `ageMs` is how old it was when
 * it was sent, and not signed: whoever answers a digest counts it on, so that expiry does not begin anew at every hop.
 */
export const record = controlFrame(
  FrameType.record,
  struct({ ageMs: u32, body: bytes(LIMITS.controlFrameBytes), signature: bytes(128) }),
);
const version = { id: nodeId, incarnation: u53, sequence: u53 };
/** What a record's body begins with: enough to tell whether the rest is news. */
export const recordVersion = struct(version);
/** The link state of a peer. `cost` in microseconds, 1 or more; `directory` is the version its share has come to. */
export const recordBody = struct({
  ...version,
  role: oneOf(ROLES),
  name,
  publicKey: bytes(64),
  addresses: list(address),
  neighbours: list(struct({ id: nodeId, cost: u32 })),
  directory: u53,
  /** True in a node's last record: it said goodbye. */
  gone: flag,
});

/** A change to a peer's share of the directory, as opaque and signed as a record. */
export const share = controlFrame(
  FrameType.share,
  struct({ body: bytes(LIMITS.controlFrameBytes), signature: bytes(128) }),
);
const change = { id: nodeId, incarnation: u53, version: u53, whole: flag };
/** What a share's body begins with: enough to tell whether the rest is news. */
export const shareVersion = struct(change);
/** Version by version; `whole` begins anew. A topic nobody wants and a service not `offered` are over. `arrival` is when its leaf came. */
export const shareBody = struct({
  ...change,
  topics: list(struct({ pattern, self: flag, leaves: u32 })),
  services: list(struct({ service: name, owner: nodeId, ownerName: name, arrival: u53, offered: flag })),
});

/** What the sender holds of these peers: it is to be told what is newer. With `whole` also of all that it does not name. */
export const digest = controlFrame(
  FrameType.digest,
  struct({
    whole: flag,
    known: list(struct({ id: nodeId, incarnation: u53, sequence: u53, directory: u53 })),
  }),
);
/** After the last answer to a whole digest. */
export const synced = controlFrame(FrameType.synced, struct({}));

/** A change to a leaf's share of the directory, for its gateway alone; `whole` begins anew. */
export const interest = controlFrame(
  FrameType.interest,
  struct({
    whole: flag,
    topics: list(struct({ pattern, wanted: flag })),
    services: list(struct({ service: name, offered: flag })),
  }),
);

/** What a flow number stands for. `home` is the peer it is attached at, `origin` who publishes: `home` or a leaf of it. `epoch` counts the homes of a leaf. */
export const flow = controlFrame(
  FrameType.flow,
  struct({
    flow: u53,
    home: nodeId,
    incarnation: u53,
    origin: nodeId,
    epoch: u32,
    reliability: oneOf(RELIABILITIES),
    topic,
  }),
);

/** Origins by id and incarnation. An empty list means all of them: only a leaf asks that of its gateway. */
const origins = list(struct({ id: nodeId, incarnation: u53 }));

/** Wants of the sender from these origins, and the last number it holds of each flow it knows. */
export const attach = controlFrame(
  FrameType.attach,
  struct({
    origins,
    wants: list(struct({ pattern, fresh: flag })),
    positions: list(struct({ flow: u53, seq })),
  }),
);
/** These wants are active: from here on every message comes, or a GAP. */
export const attached = controlFrame(FrameType.attached, struct({ origins, patterns: list(pattern) }));
/** These wants are over; no pattern means all. */
export const detach = controlFrame(FrameType.detach, struct({ origins, patterns: list(pattern) }));

/** A flow that a fresh want meets begins after `base`. */
export const start = controlFrame(FrameType.start, struct({ flow: u53, base: seq, offeredMs: u32 }));
/** `from` to `to`, nobody can deliver. */
export const gap = controlFrame(FrameType.gap, struct({ flow: u53, from: seq, to: seq, reason: oneOf(GAP_REASONS) }));
/** `from` to `to`, removed on purpose, by a policy. */
export const skip = controlFrame(FrameType.skip, struct({ flow: u53, from: seq, to: seq }));
/** After `last` nothing comes, unless the origin comes back. */
export const end = controlFrame(FrameType.end, struct({ flow: u53, last: seq, reason: oneOf(END_REASONS) }));

/** What a neighbour was not allowed, by action and what it concerned; nothing else ends. Calls are answered by `denied`. */
export const refused = controlFrame(
  FrameType.refused,
  struct({ action: oneOf(REFUSED_ACTIONS), resource: text(LIMITS.topicBytes) }),
);

export type OriginRef = { readonly id: string; readonly incarnation: number };
export type FlowDeclaration = ReturnType<typeof flow.decode>;
export type AttachBody = ReturnType<typeof attach.decode>;
export type RecordBody = ReturnType<typeof recordBody.read>;
export type ShareBody = ReturnType<typeof shareBody.read>;
export type DigestBody = ReturnType<typeof digest.decode>;
export type InterestBody = ReturnType<typeof interest.decode>;
export type IntroduceBody = ReturnType<typeof introduce.decode>;
