/** A page may send messages of 1 MiB; this leaves room for the call around the bytes. */
const MAX_BYTES = 1_000_000;

/**
 * Read the arguments of a call as typed: JSON values with commas between them.
 * JSON has no bytes, so `{ "$bytes": 1024 }` stands for that many.
 *
 * @throws {SyntaxError} what is wrong with the JSON. @throws {RangeError} too many bytes.
 */
export function parseArguments(text: string): unknown[] {
  return JSON.parse(`[${text}]`, (_key, value) => (isBytes(value) ? makeBytes(value.$bytes) : value));
}

function isBytes(value: unknown): value is { $bytes: number } {
  return typeof value === "object" && value !== null && "$bytes" in value && Object.keys(value).length === 1;
}

function makeBytes(length: number): Uint8Array {
  if (!(Number.isInteger(length) && length >= 0 && length <= MAX_BYTES)) {
    throw new RangeError(`$bytes must be a whole number from 0 to ${MAX_BYTES}, not ${length}`);
  }
  return Uint8Array.from({ length }, (_, index) => index % 256);
}
