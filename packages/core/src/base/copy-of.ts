/**
 * Copies of small pieces of bytes. An `ArrayBuffer` of its own costs a piece of 256 bytes twenty times what copying it
 * does, so copies lie side by side in a common one, as Node's `Buffer` does it.
 */

/** Engines keep arrays up to this size without a buffer: no common one is needed. V8: `typed_array_max_size_in_heap`. */
const HEAP_BYTES = 64;
/** A copy that is kept keeps so much alive at most. */
const POOL_BYTES = 16 * 1024;
/** From this size on a buffer of its own costs little beside the copying. */
const LARGE_BYTES = POOL_BYTES / 4;

let pool = new Uint8Array(0);
let used = 0;

/** The bytes from `from` to `to`, copied; their `buffer` may hold other copies too. */
export function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const length = to - from;
  if (length <= HEAP_BYTES || length > LARGE_BYTES) return bytes.slice(from, to);
  // Whoever was given a copy may have transferred the buffer away: `length` is 0 then.
  if (used + length > pool.length) {
    pool = new Uint8Array(POOL_BYTES);
    used = 0;
  }
  const at = used;
  used += length;
  pool.set(bytes.subarray(from, to), at);
  return pool.subarray(at, used);
}
