export { inFrames } from "./chunks.ts";
export type {
  AttachBody,
  DigestBody,
  EndReason,
  FlowDeclaration,
  GapReason,
  InterestBody,
  IntroduceBody,
  OriginRef,
  RecordBody,
  RefusedAction,
  Reliability,
  Role,
  ShareBody,
} from "./control-frames.ts";
export * as control from "./control-frames.ts";
export * from "./data-frame.ts";
export * from "./frame.ts";
export { FrameSplitter } from "./frame-splitter.ts";
export { decodeLeafQuery, encodeLeafQuery, FIRST_LEAF, type LeafQuery } from "./leaf-query.ts";
export { decodeBorrowed, decodePayload, encodePayload, encodeShared } from "./payload.ts";
export * from "./pipe-frame.ts";
export { bytes, Reader, struct, Writer } from "./schema.ts";
export { decodeTicket, encodeTicket, type Ticket, type TicketBody } from "./ticket.ts";
export * from "./unicast-frame.ts";
export { decodeWhereabouts, encodeWhereabouts, type Holds, type WhereaboutsBody } from "./whereabouts.ts";
