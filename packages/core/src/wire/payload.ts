/** Payloads: `Uint8Array` travels as it is, everything else as MessagePack. */
import { LIMITS } from "../base/limits.ts";
import { decodeMessagePack } from "./message-pack-decoder.ts";
import { MessagePackEncoder } from "./message-pack-encoder.ts";

/** Reused: a fresh one for every message costs more than half the speed. Taken while in use, since a getter may publish. */
let idle: MessagePackEncoder | undefined;

/**
 * MessagePack of `value`. The bytes are a view that the next call overwrites: copy them before anything else runs.
 * @throws {TypeError} for what cannot be encoded: functions, symbols, maps and sets, promises, cycles, nesting deeper than 64.
 */
export function encodeShared(value: unknown): Uint8Array {
  const encoder = idle ?? new MessagePackEncoder();
  idle = undefined;
  try {
    return encoder.encode(value);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(
      `data cannot be encoded as MessagePack (${why}); send plain values, at most ${LIMITS.payloadDepth} levels deep`,
      { cause },
    );
  } finally {
    idle = encoder;
  }
}

/** MessagePack of `value` in bytes of its own. @throws {TypeError} as above. */
export function encodePayload(value: unknown): Uint8Array {
  return encodeShared(value).slice();
}

/**
 * The value in `bytes`. Binary parts of it are views of them.
 * @throws {MeshError} `malformed-payload` when the bytes are no MessagePack or nest deeper than 64.
 */
export function decodePayload(bytes: Uint8Array): unknown {
  return decodeMessagePack(bytes, false);
}

/** As `decodePayload`, of bytes that are somebody else's: the value shares nothing with them. */
export function decodeBorrowed(bytes: Uint8Array): unknown {
  return decodeMessagePack(bytes, true);
}
