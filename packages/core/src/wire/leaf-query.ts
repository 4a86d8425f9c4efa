/**
 * Which leaves of a gateway subscribe to a topic: payloads of unicasts to the port `leaves`. One byte, 0 asks and 1
 * answers, then a body as a table says it. `docs/wire-protocol.md` explains what they do.
 */
import { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { isTopic } from "../base/topic-pattern.ts";
import { checkedText, flag, list, nodeId, Reader, struct, text, u8, u53, Writer } from "./schema.ts";

/** Below every id of a node: who asks for what comes after it asks from the beginning. */
export const FIRST_LEAF = "0".repeat(32);

/** Leaves whose id is above `after`, please. */
const ask = struct({ number: u53, topic: checkedText(LIMITS.topicBytes, "topic", isTopic), after: nodeId });
/** By id, lowest first; `more` have not fitted in. */
const answer = struct({
  number: u53,
  more: flag,
  leaves: list(struct({ id: nodeId, name: text(LIMITS.nameBytes) })),
});

export type LeafQuery =
  | ({ readonly kind: "ask" } & ReturnType<typeof ask.read>)
  | ({ readonly kind: "answer" } & ReturnType<typeof answer.read>);

/** The caller owns the bytes. */
export function encodeLeafQuery(query: LeafQuery): Uint8Array {
  const writer = new Writer();
  u8.write(writer, query.kind === "ask" ? 0 : 1);
  if (query.kind === "ask") ask.write(writer, query);
  else answer.write(writer, query);
  return writer.finish();
}

/** @throws {MeshError} `malformed-frame` */
export function decodeLeafQuery(payload: Uint8Array): LeafQuery {
  const reader = new Reader(payload);
  const kind = u8.read(reader);
  if (kind === 0) return { kind: "ask", ...ask.read(reader) };
  if (kind === 1) return { kind: "answer", ...answer.read(reader) };
  throw new MeshError("malformed-frame", `${kind} neither asks for leaves nor answers`);
}
