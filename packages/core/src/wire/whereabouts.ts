/**
 * Whether a gateway has a leaf: payloads of unicasts to the port `whereabouts`. One byte, 0 asks and 1 answers, then a body
 * as a table says it. `docs/wire-protocol.md` explains what they do.
 */
import { MeshError } from "../base/errors.ts";
import { nodeId, oneOf, Reader, struct, u8, u53, Writer } from "./schema.ts";

/** `kept`: it is away, and its place is kept for it. */
const HOLDS = ["no", "kept", "here"] as const;
export type Holds = (typeof HOLDS)[number];

const ask = struct({ number: u53, node: nodeId });
const answer = struct({ number: u53, node: nodeId, holds: oneOf(HOLDS) });

export type WhereaboutsBody =
  | ({ readonly kind: "ask" } & ReturnType<typeof ask.read>)
  | ({ readonly kind: "answer" } & ReturnType<typeof answer.read>);

/** The caller owns the bytes. */
export function encodeWhereabouts(body: WhereaboutsBody): Uint8Array {
  const writer = new Writer();
  u8.write(writer, body.kind === "ask" ? 0 : 1);
  if (body.kind === "ask") ask.write(writer, body);
  else answer.write(writer, body);
  return writer.finish();
}

/** @throws {MeshError} `malformed-frame` */
export function decodeWhereabouts(payload: Uint8Array): WhereaboutsBody {
  const reader = new Reader(payload);
  const kind = u8.read(reader);
  if (kind === 0) return { kind: "ask", ...ask.read(reader) };
  if (kind === 1) return { kind: "answer", ...answer.read(reader) };
  throw new MeshError("malformed-frame", `${kind} neither asks where a leaf is nor answers`);
}
