/**
 * A message from one node to one node, over any number of hops. Relays read the target and lower the hops.
 *
 *   offset 0:            head     type `unicast`, `bounce` or `denied`, a lane other than control, hops left (see `frame.ts`)
 *     flags:             port     what it is for: see `Port`
 *   offset 8,  16 bytes: target
 *   offset 24, 16 bytes: target's home: the gateway of a leaf, a peer itself
 *   offset 40, 16 bytes: source
 *   offset 56, 16 bytes: source's home
 *   offset 72:           payload; the other two carry it back, target and source exchanged
 */
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { nodeIdFromBytes, writeNodeId } from "../base/ids.ts";
import { FrameType, Lane, writeHead } from "./frame.ts";

export const UNICAST_HEAD_BYTES = 72;

/** What a unicast is for, in the flags of its head. */
export const Port = { ping: 0, pipes: 1, leaves: 2, whereabouts: 3 } as const;
export type Port = (typeof Port)[keyof typeof Port];

/** Where a node is reached: itself, and the gateway it hangs on (a peer is its own home). */
export interface Address {
  readonly node: NodeId;
  readonly home: NodeId;
}

export interface UnicastHead {
  readonly port: number;
  readonly lane: Lane;
  readonly hops: number;
  readonly target: Address;
  readonly source: Address;
}

/** `bounce` and `denied` bring one back to where it came from: no way was found, or it may not pass. */
export type UnicastType = typeof FrameType.unicast | typeof FrameType.bounce | typeof FrameType.denied;

export const isUnicast = (type: number): type is UnicastType =>
  type === FrameType.unicast || type === FrameType.bounce || type === FrameType.denied;

/** The head of a unicast, to be sent in front of its payload. The caller owns it. */
export function encodeUnicastHead(type: UnicastType, head: UnicastHead, payloadBytes: number): Uint8Array {
  const bytes = new Uint8Array(UNICAST_HEAD_BYTES);
  write(bytes, type, head, payloadBytes);
  return bytes;
}

/** A whole unicast; `payload` is copied. The caller owns it. */
export function encodeUnicast(type: UnicastType, head: UnicastHead, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(UNICAST_HEAD_BYTES + payload.length);
  write(bytes, type, head, payload.length);
  bytes.set(payload, UNICAST_HEAD_BYTES);
  return bytes;
}

function write(bytes: Uint8Array, type: UnicastType, head: UnicastHead, payloadBytes: number): void {
  writeHead(bytes, 0, UNICAST_HEAD_BYTES + payloadBytes, type, head.port, head.lane, head.hops);
  writeNodeId(bytes, 8, head.target.node);
  writeNodeId(bytes, 24, head.target.home);
  writeNodeId(bytes, 40, head.source.node);
  writeNodeId(bytes, 56, head.source.home);
}

/** @throws {MeshError} `malformed-frame` */
export function decodeUnicastHead(frame: Uint8Array): UnicastHead {
  if (frame.byteLength < UNICAST_HEAD_BYTES)
    throw new MeshError("malformed-frame", `a unicast of ${frame.byteLength} bytes is shorter than its head`);
  // What a stranger sends must not crowd out control frames on its way.
  if (frame[6]! < Lane.reliable || frame[6]! > Lane.bulk)
    throw new MeshError("malformed-frame", `there is no lane ${frame[6]} for a unicast`);
  return {
    port: frame[5]!,
    lane: frame[6] as Lane,
    hops: frame[7]!,
    target: { node: nodeIdFromBytes(frame, 8), home: nodeIdFromBytes(frame, 24) },
    source: { node: nodeIdFromBytes(frame, 40), home: nodeIdFromBytes(frame, 56) },
  };
}
