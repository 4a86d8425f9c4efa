/** Turns the parts a link is given into few writes: small ones gathered, large ones as they are. Pure: no I/O, no clock. */

/** Parts from this size on are written as they are; smaller ones are copied together. */
const LARGE_PART_BYTES = 4 * 1024;
/** A batch of small parts is written when it holds this much, without waiting for `flush`. */
const BATCH_BYTES = 64 * 1024;

/**
 * Holds small parts until `flush`, a large part or a full batch writes them, joined by one copy. What is written
 * keeps the order of what was added. Nothing is reserved while nothing waits.
 */
export class Batcher {
  readonly #write: (chunk: Uint8Array) => void;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** @param write Takes one chunk of the stream; it must not modify it. */
  constructor(write: (chunk: Uint8Array) => void) {
    this.#write = write;
  }

  /** Bytes added and not yet written: above 0 means that somebody must flush. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  add(parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      if (part.byteLength >= LARGE_PART_BYTES) {
        this.flush();
        this.#write(part);
      } else if (part.byteLength > 0) {
        this.#parts.push(part);
        this.#bytes += part.byteLength;
        if (this.#bytes >= BATCH_BYTES) this.flush();
      }
    }
  }

  flush(): void {
    if (this.#bytes === 0) return;
    const parts = this.#parts;
    const chunk = parts.length === 1 ? parts[0]! : joined(parts, this.#bytes);
    this.clear();
    this.#write(chunk);
  }

  /** Forget what waits. */
  clear(): void {
    this.#parts = [];
    this.#bytes = 0;
  }
}

function joined(parts: readonly Uint8Array[], byteLength: number): Uint8Array {
  const chunk = new Uint8Array(byteLength);
  let at = 0;
  for (const part of parts) {
    chunk.set(part, at);
    at += part.byteLength;
  }
  return chunk;
}
