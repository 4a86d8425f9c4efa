/** Node ids: 16 bytes, written as 32 lower-case hexadecimal digits. */
import type { Random } from "./clock.ts";

/** 32 lower-case hexadecimal digits. A peer's is derived from its key, a leaf's is random. */
export type NodeId = string;

export const NODE_ID_BYTES = 16;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function nodeIdFromBytes(bytes: Uint8Array, at = 0): NodeId {
  let id = "";
  for (let i = 0; i < NODE_ID_BYTES; i++) id += HEX[bytes[at + i]!];
  return id;
}

export function writeNodeId(bytes: Uint8Array, at: number, id: NodeId): void {
  for (let i = 0; i < NODE_ID_BYTES; i++) bytes[at + i] = Number.parseInt(id.slice(i * 2, i * 2 + 2), 16);
}

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
