/** Node ids: 16 bytes, written as 32 lower-case hexadecimal digits. */
import type { Random } from "./clock.ts";

/** 32 lower-case hexadecimal digits. Derived from a key, or from a leaf's secret. */
export type NodeId = string;

export const NODE_ID_BYTES = 16;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Ids read last, by their last byte, and the bytes they stand for: the same few come with every call. */
const readIds: NodeId[] = Array(256).fill("0".repeat(2 * NODE_ID_BYTES));
const readIdBytes = new Uint8Array(256 * NODE_ID_BYTES);

export function nodeIdFromBytes(bytes: Uint8Array, at = 0): NodeId {
  const slot = bytes[at + NODE_ID_BYTES - 1]!;
  const from = slot * NODE_ID_BYTES;
  for (let i = 0; i < NODE_ID_BYTES; i++) {
    if (readIdBytes[from + i] === bytes[at + i]) continue;
    let id = "";
    for (let j = 0; j < NODE_ID_BYTES; j++) id += HEX[bytes[at + j]!];
    for (let j = 0; j < NODE_ID_BYTES; j++) readIdBytes[from + j] = bytes[at + j]!;
    readIds[slot] = id;
    return id;
  }
  return readIds[slot]!;
}

export function writeNodeId(bytes: Uint8Array, at: number, id: NodeId): void {
  for (let i = 0; i < NODE_ID_BYTES; i++)
    bytes[at + i] = (digit(id.charCodeAt(2 * i)) << 4) | digit(id.charCodeAt(2 * i + 1));
}

/** "0" to "9" are 0x30 on, "a" to "f" 0x61 on. */
const digit = (code: number): number => (code & 0x0f) + (code > 0x39 ? 9 : 0);

export function randomNodeId(random: Random): NodeId {
  return nodeIdFromBytes(random.bytes(NODE_ID_BYTES));
}

/** A random flow number: 52 bits, so that it is exact in a double and never repeats in practice; never 0. */
export function randomFlowNumber(random: Random): number {
  const bytes = random.bytes(7);
  let number = bytes[0]! & 0x0f;
  for (let i = 1; i < 7; i++) number = number * 256 + bytes[i]!;
  return number || 1;
}

export function isNodeId(value: unknown): value is NodeId {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value);
}
