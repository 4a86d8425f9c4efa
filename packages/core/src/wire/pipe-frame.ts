/**
 * What two nodes say to each other about their pipes: the payload of a unicast on the port `pipes`.
 *
 *   offset 0:           kind          see `PipeKind`
 *   offset 1:           flags         data: 1, nothing of this pipe is acknowledged yet; ack: 1, something is missing
 *   offset 2:           lane          of the pipe: 1 reliable, 3 bulk
 *   offset 3:           reason        of a reset, see `ResetReason`; else 0
 *   offset 4,  4 bytes: move          how many homes the sender had before this one; a lower one is old news
 *   offset 8,  8 bytes: from          the sender's incarnation
 *   offset 16, 8 bytes: to            the incarnation it is meant for; 0 in `ask`, when that is not known
 *   offset 24, 8 bytes: pipe          data: which pipe, as its sender numbered it; reset: which one is broken, 0 for all
 *   offset 32, 8 bytes: number        data: of this message, from 1
 *   offset 40, 8 bytes: ackPipe       the pipe that comes the other way in this lane; 0 for none
 *   offset 48, 8 bytes: ackNumber     everything of it up to here has come
 *   offset 56:          message       data only, to the end
 */
import { readU32, readU53, writeU32, writeU53 } from "./frame.ts";

export const PIPE_HEAD_BYTES = 56;

/** `ask` is answered by `ack`; the other three are not answered as such. */
export const PipeKind = { data: 0, ack: 1, ask: 2, reset: 3 } as const;
export type PipeKind = (typeof PipeKind)[keyof typeof PipeKind];

/** Why a pipe is broken: the receiver knows nothing of it, has no room for its sender, or is closed. */
export const ResetReason = { unknown: 0, overflow: 1, closed: 2 } as const;
export type ResetReason = (typeof ResetReason)[keyof typeof ResetReason];

export interface PipeHead {
  readonly kind: number;
  readonly flag: boolean;
  readonly lane: number;
  readonly reason: number;
  readonly move: number;
  readonly from: number;
  readonly to: number;
  readonly pipe: number;
  readonly number: number;
  readonly ackPipe: number;
  readonly ackNumber: number;
}

/** Write a whole head at `at`. */
export function writePipeHead(bytes: Uint8Array, at: number, head: PipeHead): void {
  bytes[at] = head.kind;
  bytes[at + 1] = Number(head.flag);
  bytes[at + 2] = head.lane;
  bytes[at + 3] = head.reason;
  writeU32(bytes, at + 4, head.move);
  writeU53(bytes, at + 8, head.from);
  writeU53(bytes, at + 16, head.to);
  writeU53(bytes, at + 24, head.pipe);
  writePipeNumbers(bytes, at, head.number, head.ackPipe, head.ackNumber);
}

/** Write what differs from message to message. */
export function writePipeNumbers(
  bytes: Uint8Array,
  at: number,
  number: number,
  ackPipe: number,
  ackNumber: number,
): void {
  writeU53(bytes, at + 32, number);
  writeU53(bytes, at + 40, ackPipe);
  writeU53(bytes, at + 48, ackNumber);
}

/** The head in front of `payload`; undefined when it is none. */
export function readPipeHead(payload: Uint8Array): PipeHead | undefined {
  if (payload.byteLength < PIPE_HEAD_BYTES) return undefined;
  return {
    kind: payload[0]!,
    flag: (payload[1]! & 1) === 1,
    lane: payload[2]!,
    reason: payload[3]!,
    move: readU32(payload, 4),
    from: readU53(payload, 8),
    to: readU53(payload, 16),
    pipe: readU53(payload, 24),
    number: readU53(payload, 32),
    ackPipe: readU53(payload, 40),
    ackNumber: readU53(payload, 48),
  };
}
