/** The golden vectors: every frame type at least once, with fixed ids, nonces and an Ed25519 key anybody can make again. */
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { proofMessage, SECRET_BYTES } from "../auth/index.ts";
import { decodeRmi, encodeRmi, type RmiMessage } from "../rmi/protocol.ts";
import {
  control,
  dataFlow,
  dataHeadBytes,
  dataHeaders,
  dataIsRaw,
  dataPayloadFrom,
  dataPublishedAtMs,
  dataSeq,
  decodeLeafQuery,
  decodePayload,
  decodeTicket,
  decodeUnicastHead,
  decodeWhereabouts,
  encodeLeafQuery,
  encodePayload,
  encodeTicket,
  encodeUnicast,
  encodeWhereabouts,
  FIRST_LEAF,
  FrameType,
  type IntroduceBody,
  Lane,
  type LeafQuery,
  PIPE_HEAD_BYTES,
  type PipeHead,
  PipeKind,
  Port,
  Reader,
  type RecordBody,
  ResetReason,
  readPipeHead,
  type ShareBody,
  type TicketBody,
  UNICAST_HEAD_BYTES,
  type UnicastHead,
  type UnicastType,
  type WhereaboutsBody,
  Writer,
  writeDataHead,
  writePipeHead,
} from "./index.ts";

export interface Vector {
  readonly name: string;
  readonly description: string;
  readonly fields: object;
  readonly bytes: Uint8Array;
  /** The fields again, from bytes. */
  decode(bytes: Uint8Array): object;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

// ---- who appears in them

const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);
const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), SEED]),
  format: "der",
  type: "pkcs8",
});
const publicKey = new Uint8Array(createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(12));
const peer = createHash("sha256").update(publicKey).digest("hex").slice(0, 32);
const signature = (message: Uint8Array): Uint8Array => new Uint8Array(sign(null, message, privateKey));

const gateway = "00112233445566778899aabbccddeeff";
const secret = Uint8Array.from({ length: SECRET_BYTES }, (_, i) => 0xff - i);
const leaf = createHash("sha256").update(secret).digest("hex").slice(0, 32);
const FLOW = 4_503_599_627_370_495; // 2^52 - 1, the largest flow number
const INCARNATION = 1_767_225_600_000;
const proverNonce = new Uint8Array(32).fill(0xa1);
const verifierNonce = new Uint8Array(32).fill(0xb2);
const NOTHING = new Uint8Array(0);

// ---- control frames

interface Codec<T> {
  encode(fields: T): Uint8Array;
  decode(frame: Uint8Array): T;
}

const frame = <T extends object>(name: string, description: string, codec: Codec<T>, fields: T): Vector => ({
  name,
  description,
  fields,
  bytes: codec.encode(fields),
  decode: (bytes) => codec.decode(bytes),
});

const introduction: Omit<IntroduceBody, "signature"> = {
  mesh: "lab",
  id: peer,
  role: "peer",
  name: "sensor-1",
  incarnation: INCARNATION,
  key: publicKey,
  addresses: ["tcp://10.0.0.5:8511", "tcp://[fd00::5]:8511"],
  credential: "a token",
  ticket: NOTHING,
};
/** The peer is a gateway here. */
const ticketBody: TicketBody = {
  ...{ mesh: "lab", leaf, gateway: peer },
  ...{ arrival: INCARNATION + 60_000, expiresAt: INCARNATION + 3_660_000 },
};
const ticket = encodeTicket(ticketBody, signature);
const helloOf = (nonce: Uint8Array): Uint8Array =>
  control.hello.encode({ magic: control.HELLO_MAGIC, minVersion: 0, maxVersion: 0, capabilities: 0, nonce });
const [verifierHello, proverHello] = [helloOf(verifierNonce), helloOf(proverNonce)];
const proof = proofMessage(verifierHello, proverHello, introduction);

const record: RecordBody = {
  id: peer,
  incarnation: INCARNATION,
  sequence: 7,
  role: "peer",
  name: "sensor-1",
  publicKey,
  addresses: ["tcp://10.0.0.5:8511"],
  neighbours: [{ id: gateway, cost: 2250 }],
  directory: 2,
  gone: false,
};

const share: ShareBody = {
  id: peer,
  incarnation: INCARNATION,
  version: 3,
  whole: true,
  topics: [
    { pattern: "scan/*", self: true, leaves: 0 },
    { pattern: "log/**", self: false, leaves: 2 },
  ],
  services: [{ service: "calculator", owner: leaf, ownerName: "a page", arrival: INCARNATION + 60_000, offered: true }],
};
function bodyOf<T>(field: { write(writer: Writer, value: T): void }, value: T): Uint8Array {
  const writer = new Writer();
  field.write(writer, value);
  return writer.finish();
}
const recordBytes = bodyOf(control.recordBody, record);
const shareBytes = bodyOf(control.shareBody, share);
const origins = [{ id: peer, incarnation: INCARNATION }];

export const controlFrames: readonly Vector[] = [
  frame("hello", "first from both sides", control.hello, {
    magic: control.HELLO_MAGIC,
    minVersion: 0,
    maxVersion: 0,
    capabilities: 0,
    nonce: proverNonce,
  }),
  frame("introduce", "a peer; the signature is in proof.json", control.introduce, {
    ...introduction,
    signature: signature(proof),
  }),
  frame(
    "introduce a leaf",
    "no signature: its id follows from the secret it shows; with the ticket of the gateway it was at",
    control.introduce,
    {
      ...introduction,
      id: leaf,
      role: "leaf",
      name: "página 1",
      key: secret,
      addresses: [],
      credential: "",
      ticket,
      signature: NOTHING,
    },
  ),
  frame("accept", "nothing but a head", control.accept, {}),
  frame("refuse", "the end of a handshake", control.refuse, { code: "other-mesh", detail: "another mesh" }),
  frame("goodbye", "the end of an edge", control.goodbye, { code: "goodbye", detail: "the node closed" }),
  frame("ping", "the round trip last measured was 1.5 ms", control.ping, {
    token: 9_007_199_254_740_991,
    roundTripMicros: 1500,
  }),
  frame("pong", "gives the token back", control.pong, { token: 9_007_199_254_740_991 }),
  frame("away", "a hidden page may fall silent, and means to come back", control.away, { away: true }),
  frame("drain", "a gateway is about to close, and its leaf is to go elsewhere", control.drain, {}),
  frame("ticket", "for a leaf; what is in it is in ticket.json", control.ticket, { ticket }),
  frame("record", "what one peer says of itself, signed; its body is in records.json", control.record, {
    ageMs: 1_500,
    body: recordBytes,
    signature: signature(recordBytes),
  }),
  frame("share", "a peer's share of the directory, signed; its body is in records.json", control.share, {
    body: shareBytes,
    signature: signature(shareBytes),
  }),
  frame("digest", "what a newcomer holds: its own record", control.digest, {
    whole: true,
    known: [{ id: peer, incarnation: INCARNATION, sequence: 7, directory: 3 }],
  }),
  frame("synced", "after the last record", control.synced, {}),
  frame("interest", "what a leaf wants and exposes", control.interest, {
    whole: false,
    topics: [
      { pattern: "scan/*", wanted: true },
      { pattern: "log/**", wanted: false },
    ],
    services: [{ service: "page", offered: true }],
  }),
  frame("flow", "what a flow number stands for", control.flow, {
    flow: FLOW,
    home: peer,
    incarnation: INCARNATION,
    origin: peer,
    epoch: 0,
    reliability: "reliable",
    topic: "scan/front",
  }),
  frame("flow of a leaf", "at the third gateway it has hung on", control.flow, {
    ...{ flow: 1, home: gateway, incarnation: INCARNATION, origin: leaf, epoch: 3 },
    reliability: "volatile",
    topic: "$internal/ñ",
  }),
  frame("attach", "a fresh want, and one that goes on after a position", control.attach, {
    origins,
    wants: [
      { pattern: "scan/*", fresh: true },
      { pattern: "log/**", fresh: false },
    ],
    positions: [{ flow: FLOW, seq: 41 }],
  }),
  frame("attach everywhere", "a leaf at its gateway: no origin stands for all", control.attach, {
    origins: [],
    wants: [{ pattern: "**", fresh: true }],
    positions: [],
  }),
  frame("attached", "the wants are active", control.attached, { origins, patterns: ["scan/*", "log/**"] }),
  frame("detach", "these wants are over", control.detach, { origins, patterns: ["scan/*"] }),
  frame("start", "the flow begins after 41 for a fresh want", control.start, { flow: FLOW, base: 41, offeredMs: 0 }),
  frame("gap", "nobody can deliver numbers 41 to 50", control.gap, {
    flow: FLOW,
    from: 41,
    to: 50,
    reason: "forgotten",
  }),
  frame("skip", "a policy removed all numbers there are", control.skip, { flow: FLOW, from: 1, to: 2 ** 52 }),
  frame("end", "its origin vanished after number 50", control.end, { flow: FLOW, last: 50, reason: "origin-lost" }),
  frame("refused", "the neighbour may not publish that", control.refused, {
    action: "publish",
    resource: "scan/front",
  }),
];

const recordBodies: readonly Vector[] = [
  { name: "record body", description: "signed as it is", record },
  {
    name: "last record",
    description: "its node said goodbye",
    record: { ...record, sequence: 8, neighbours: [], gone: true },
  },
].map(({ name, description, record }) => ({
  name,
  description,
  fields: record,
  bytes: bodyOf(control.recordBody, record),
  decode: (bytes) => control.recordBody.read(new Reader(bytes)),
}));

const shareBodies: readonly Vector[] = [
  { name: "share body", description: "all of it, anew", share },
  {
    name: "changed share",
    description: "a topic that nobody wants any more, and an object that is not offered any more",
    share: {
      ...share,
      version: 4,
      whole: false,
      topics: [{ pattern: "scan/*", self: false, leaves: 0 }],
      services: share.services.map((service) => ({ ...service, offered: false })),
    },
  },
].map(({ name, description, share }) => ({
  name,
  description,
  fields: share,
  bytes: bodyOf(control.shareBody, share),
  decode: (bytes) => control.shareBody.read(new Reader(bytes)),
}));

/** What stands in the bodies of record and share frames. */
export const records: readonly Vector[] = [...recordBodies, ...shareBodies];

// ---- messages

interface DataFields {
  readonly lane: Lane;
  readonly raw: boolean;
  readonly flow: number;
  readonly seq: number;
  readonly publishedAtMicros: number;
  readonly headers: unknown;
  readonly payload: Uint8Array;
}

function data(name: string, description: string, fields: DataFields): Vector {
  const headers = fields.headers === null ? undefined : encodePayload(fields.headers);
  const bytes = new Uint8Array(dataHeadBytes(headers) + fields.payload.byteLength);
  const { lane, flow, seq, publishedAtMicros, raw, payload } = fields;
  writeDataHead(bytes, 0, lane, flow, seq, publishedAtMicros / 1000, raw, headers, payload.byteLength);
  bytes.set(payload, bytes.byteLength - payload.byteLength);
  return {
    name,
    description,
    fields,
    bytes,
    decode: (frame) => {
      const from = dataPayloadFrom(frame, 0, frame.byteLength);
      const encoded = dataHeaders(frame, 0);
      return {
        lane: frame[6],
        raw: dataIsRaw(frame, 0),
        flow: dataFlow(frame, 0),
        seq: dataSeq(frame, 0),
        publishedAtMicros: Math.round(dataPublishedAtMs(frame, 0) * 1000),
        headers: encoded ? decodePayload(encoded) : null,
        payload: frame.subarray(from),
      };
    },
  };
}

function unicast(name: string, description: string, type: UnicastType, head: UnicastHead, payload: Uint8Array): Vector {
  const bytes = encodeUnicast(type, head, payload);
  const decode = (frame: Uint8Array): object => ({
    ...decodeUnicastHead(frame),
    payload: frame.subarray(UNICAST_HEAD_BYTES),
  });
  return { name, description, fields: { ...head, payload: payload.slice() }, bytes, decode };
}

const showNotice = encodeRmi({ kind: "call", id: 1, service: "page", path: ["showNotice"], args: ["hi"] }).slice();
const pipeHead: PipeHead = {
  ...{ kind: PipeKind.data, flag: false, lane: Lane.reliable, reason: 0, move: 0, from: 1_767_225_600_000 },
  ...{ to: 1_767_225_500_000, pipe: 0, number: 0, ackPipe: 0, ackNumber: 0 },
};
const pipeData = { ...pipeHead, flag: true, pipe: FLOW, number: 1 };

function pipeFrame(head: PipeHead, message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PIPE_HEAD_BYTES + message.byteLength);
  writePipeHead(bytes, 0, head);
  bytes.set(message, PIPE_HEAD_BYTES);
  return bytes;
}

const time = { publishedAtMicros: 1_767_225_600_123_456 };
const toLeaf = { target: { node: leaf, home: gateway }, source: { node: peer, home: peer } };
const toPeer = { target: toLeaf.source, source: toLeaf.target };

export const messages: readonly Vector[] = [
  data("data", "a value in MessagePack on the reliable lane", {
    ...{ lane: Lane.reliable, raw: false, flow: FLOW, seq: 42, ...time, headers: null },
    payload: encodePayload({ celsius: 21.5 }),
  }),
  data("raw data", "bytes as they are, with a header map, on the volatile lane", {
    ...{ lane: Lane.volatile, raw: true, flow: 1, seq: 2 ** 52, ...time, headers: { kind: "jpeg", keyframe: true } },
    payload: fromHex("ffd8ff"),
  }),
  unicast(
    "unicast",
    "a remote call to a leaf, by way of its gateway",
    FrameType.unicast,
    { port: Port.pipes, lane: Lane.reliable, hops: 32, ...toLeaf },
    pipeFrame(pipeData, showNotice),
  ),
  unicast(
    "denied",
    "it was not allowed to pass, and comes back",
    FrameType.denied,
    { port: Port.pipes, lane: Lane.reliable, hops: 32, ...toPeer },
    pipeFrame(pipeData, showNotice),
  ),
  unicast(
    "bounce",
    "it found no way, and comes back",
    FrameType.bounce,
    { port: Port.pipes, lane: Lane.reliable, hops: 32, ...toPeer },
    pipeFrame(pipeData, showNotice),
  ),
];

const call = (name: string, description: string, message: RmiMessage): Vector => ({
  name,
  description,
  fields: message,
  bytes: encodeRmi(message).slice(),
  decode: decodeRmi,
});

const pipe = (name: string, description: string, head: PipeHead, message = new Uint8Array()): Vector => ({
  name,
  description,
  fields: { ...head, message },
  bytes: pipeFrame(head, message),
  decode: (bytes) => ({ ...readPipeHead(bytes)!, message: bytes.subarray(PIPE_HEAD_BYTES) }),
});

/** Payloads of unicasts to the port `pipes`. */
export const pipeFrames: readonly Vector[] = [
  pipe("data", "the first message of a pipe, a remote call", pipeData, showNotice),
  pipe("data that acknowledges", "the third message, on the bulk lane of a leaf at its second gateway", {
    ...{ ...pipeHead, lane: Lane.bulk, move: 1, pipe: FLOW, number: 3, ackPipe: 2 ** 52 - 1, ackNumber: 42 },
  }),
  pipe("ack", "all is there up to a number, and something behind it is missing", {
    ...{ ...pipeHead, kind: PipeKind.ack, flag: true, ackPipe: FLOW, ackNumber: 2 },
  }),
  pipe("ask", "who are you, in which life", { ...pipeHead, kind: PipeKind.ask, to: 0 }),
  pipe("reset", "nothing is known of the pipe here", { ...pipeHead, kind: PipeKind.reset, pipe: FLOW }),
  pipe("reset of all", "this node is being closed", {
    ...{ ...pipeHead, kind: PipeKind.reset, reason: ResetReason.closed },
  }),
];

/** Messages in reliable pipes. */
export const remoteCalls: readonly Vector[] = [
  call("call", "a method", { kind: "call", id: 1, service: "calculator", path: ["add"], args: [2, 3] }),
  call("read", "a property: no arguments at all", {
    ...{ kind: "call", id: 2, service: "calculator", path: ["settings", "precision"], args: null },
  }),
  call("result", "what it returned", { kind: "result", id: 1, value: 5 }),
  call("failure", "what it threw", {
    ...{ kind: "failure", id: 1, name: "RangeError", code: "E_RANGE", message: "too far", data: { most: 10 } },
  }),
  call("refusal", "it did not run", { kind: "refusal", id: 1, code: "no-responder", detail: "nothing of that name" }),
  call("cancel", "the caller gave up", { kind: "cancel", id: 1 }),
];

const leafQuery = (name: string, description: string, query: LeafQuery): Vector => ({
  name,
  description,
  fields: query,
  bytes: encodeLeafQuery(query),
  decode: decodeLeafQuery,
});

/** Payloads of unicasts to the port `leaves`. */
export const leafQueries: readonly Vector[] = [
  leafQuery("ask", "from the beginning", { kind: "ask", number: 7, topic: "scan/front", after: FIRST_LEAF }),
  leafQuery("ask on", "for the leaves after one", { kind: "ask", number: 7, topic: "scan/front", after: leaf }),
  leafQuery("answer", "and there are more", {
    ...{ kind: "answer", number: 7, more: true },
    leaves: [{ id: leaf, name: "Ana's tab" }],
  }),
  leafQuery("empty answer", "nobody", { kind: "answer", number: 8, more: false, leaves: [] }),
];

const whereaboutsBody = (name: string, description: string, body: WhereaboutsBody): Vector => ({
  name,
  description,
  fields: body,
  bytes: encodeWhereabouts(body),
  decode: decodeWhereabouts,
});

/** Payloads of unicasts to the port `whereabouts`. */
export const whereabouts: readonly Vector[] = [
  whereaboutsBody("ask", "whether the gateway has a leaf", { kind: "ask", number: 7, node: leaf }),
  whereaboutsBody("answer", "it is away, and its place is kept", {
    ...{ kind: "answer", number: 7, node: leaf, holds: "kept" },
  }),
];

/** What a leaf is given and shows, and how it is signed. */
export const ticketOfLeaf = {
  name: "ticket",
  description:
    "what a leaf of the peer of introduce, here a gateway, is given: the body as it is signed, then the signature",
  fields: { privateKeySeed: SEED, ...ticketBody },
  message: decodeTicket(ticket).message,
  signature: decodeTicket(ticket).signature,
  ticket,
};

/** How INTRODUCE is signed. */
export const proofOfPeer = {
  name: "proof",
  description:
    "what the peer of introduce signs: the other side's HELLO frame first, then its own, then what it says of itself",
  fields: { privateKeySeed: SEED, publicKey, id: peer, verifierHello, proverHello },
  message: proof,
  signature: signature(proof),
};
