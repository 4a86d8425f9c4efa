/**
 * The same bytes as a plain `Uint8Array`. Node's `Buffer` is a `Uint8Array` whose `slice` does not copy; what enters the
 * mesh is made plain once, so that nothing inside has to know.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
