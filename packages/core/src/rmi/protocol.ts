/**
 * What travels between caller and callee, as MessagePack arrays in their reliable pipes:
 *
 *   call    [0, id, service, path, arguments | null]   null reads the property at `path` instead of calling it
 *   result  [1, id, value]
 *   failure [2, id, name, code | null, message, data]  the callee's own error
 *   refusal [3, id, mesh code, detail]                 there is no answer: no such service, too large
 *   cancel  [4, id]                                    the caller gave up
 */
import { MeshError } from "../base/errors.ts";
import { decodePayload, encodeShared } from "../wire/index.ts";

export type RmiMessage =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly service: string;
      readonly path: readonly string[];
      readonly args: readonly unknown[] | null;
    }
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | {
      readonly kind: "failure";
      readonly id: number;
      readonly name: string;
      readonly code: string | null;
      readonly message: string;
      readonly data: unknown;
    }
  | { readonly kind: "refusal"; readonly id: number; readonly code: string; readonly detail: string }
  | { readonly kind: "cancel"; readonly id: number };

const MAX_PATH = 16;

/**
 * The bytes are a view that the next encoding overwrites.
 * @throws {TypeError} when an argument or result cannot be encoded, or a path is longer than 16 names.
 */
export function encodeRmi(message: RmiMessage): Uint8Array {
  const { id } = message;
  switch (message.kind) {
    case "call":
      if (message.path.length > MAX_PATH) {
        throw new TypeError(`a remote path has at most ${MAX_PATH} names, got ${message.path.length}`);
      }
      return encodeShared([0, id, message.service, message.path, message.args]);
    case "result":
      return encodeShared([1, id, message.value]);
    case "failure":
      return encodeShared([2, id, message.name, message.code, message.message, message.data]);
    case "refusal":
      return encodeShared([3, id, message.code, message.detail]);
    case "cancel":
      return encodeShared([4, id]);
  }
}

const isText = (value: unknown): value is string => typeof value === "string";

/** @throws {MeshError} `malformed-payload` */
export function decodeRmi(bytes: Uint8Array): RmiMessage {
  const parts = decodePayload(bytes);
  if (!Array.isArray(parts) || !Number.isSafeInteger(parts[1]))
    throw new MeshError("malformed-payload", "not a remote call, nor an answer to one");
  const [kind, id, a, b, c, d] = parts as [unknown, number, unknown, unknown, unknown, unknown];
  if (
    kind === 0 &&
    isText(a) &&
    Array.isArray(b) &&
    b.length <= MAX_PATH &&
    b.every(isText) &&
    (c === null || Array.isArray(c))
  ) {
    return { kind: "call", id, service: a, path: b, args: c };
  }
  if (kind === 1) return { kind: "result", id, value: a };
  if (kind === 2 && isText(a) && (b === null || isText(b)) && isText(c))
    return { kind: "failure", id, name: a, code: b, message: c, data: d };
  if (kind === 3 && isText(a) && isText(b)) return { kind: "refusal", id, code: a, detail: b };
  if (kind === 4) return { kind: "cancel", id };
  throw new MeshError("malformed-payload", `a remote call of kind ${String(kind)} with fields of the wrong type`);
}
