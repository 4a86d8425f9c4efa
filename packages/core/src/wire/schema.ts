/**
 * A small schema language for control frames: one table says layout, encoder and decoder at once. All numbers are
 * big-endian, texts are UTF-8 behind a 16-bit length, lists stand behind a 32-bit count. Every read is bounded.
 */
import { MeshError } from "../base/errors.ts";
import { NODE_ID_BYTES, nodeIdFromBytes, writeNodeId } from "../base/ids.ts";
import { utf8 } from "../base/platform.ts";
import { readU32, readU53, writeU32, writeU53 } from "./frame.ts";

/** Appends to a growing buffer. */
export class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** Room for `count` more bytes; gives the offset to write at. The buffer may have moved: read `bytes` after it. */
  reserve(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.byteLength) {
      const bigger = new Uint8Array(Math.max(this.#length, this.#bytes.byteLength * 2));
      bigger.set(this.#bytes.subarray(0, at));
      this.#bytes = bigger;
    }
    return at;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** How much was written so far. */
  get byteLength(): number {
    return this.#length;
  }

  /** Forget what was written; a value that could not be written leaves a part of itself behind. */
  clear(): void {
    this.#length = 0;
  }

  /** A copy of what was written; the writer is empty afterwards. */
  finish(): Uint8Array {
    const written = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return written;
  }
}

/** Reads from the front of a slice. */
export class Reader {
  readonly bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.#at = at;
  }

  /** The offset of the next `count` bytes. @throws {MeshError} `malformed-frame` when they are not there. */
  take(count: number): number {
    const at = this.#at;
    if (at + count > this.bytes.byteLength)
      throw new MeshError("malformed-frame", `a field of ${count} bytes passes the end of its frame`);
    this.#at = at + count;
    return at;
  }

  get left(): number {
    return this.bytes.byteLength - this.#at;
  }
}

export interface Field<T> {
  write(writer: Writer, value: T): void;
  read(reader: Reader): T;
}

const number = (
  size: number,
  write: (b: Uint8Array, at: number, v: number) => void,
  read: (b: Uint8Array, at: number) => number,
): Field<number> => ({
  write: (writer, value) => {
    const at = writer.reserve(size);
    write(writer.bytes, at, value);
  },
  read: (reader) => read(reader.bytes, reader.take(size)),
});

export const u8 = number(
  1,
  (b, at, v) => void (b[at] = v),
  (b, at) => b[at]!,
);
export const u16 = number(
  2,
  (b, at, v) => {
    b[at] = v >>> 8;
    b[at + 1] = v;
  },
  (b, at) => (b[at]! << 8) | b[at + 1]!,
);
export const u32 = number(4, writeU32, readU32);
/** An integer from 0 to `most` in 8 bytes. */
export const integer = (most: number): Field<number> =>
  number(8, writeU53, (b, at) => {
    const value = readU53(b, at);
    if (value > most) throw new MeshError("malformed-frame", `an integer is above ${most}`);
    return value;
  });
export const u53 = integer(Number.MAX_SAFE_INTEGER);

/** What the other side would refuse is not sent: a mistake of ours must not look like one of the wire. */
function checkFits(byteLength: number, maxBytes: number): void {
  if (byteLength > maxBytes)
    throw new RangeError(`a field of ${byteLength} bytes cannot be sent; it holds at most ${maxBytes}`);
}

/** Bytes behind a 32-bit length. Reading gives a view of the frame; writing throws RangeError above `maxBytes`. */
export const bytes = (maxBytes: number): Field<Uint8Array> => ({
  write: (writer, value) => {
    checkFits(value.byteLength, maxBytes);
    const at = writer.reserve(4 + value.byteLength);
    writeU32(writer.bytes, at, value.byteLength);
    writer.bytes.set(value, at + 4);
  },
  read: (reader) => {
    const length = u32.read(reader);
    if (length > maxBytes)
      throw new MeshError("malformed-frame", `a field of ${length} bytes is longer than the ${maxBytes} allowed`);
    const at = reader.take(length);
    return reader.bytes.subarray(at, at + length);
  },
});

/** UTF-8 behind a 16-bit length. Writing throws RangeError above `maxBytes`. */
export const text = (maxBytes: number): Field<string> => ({
  write: (writer, value) => {
    const encoded = utf8.encode(value);
    checkFits(encoded.byteLength, maxBytes);
    u16.write(writer, encoded.byteLength);
    const at = writer.reserve(encoded.byteLength);
    writer.bytes.set(encoded, at);
  },
  read: (reader) => {
    const length = u16.read(reader);
    if (length > maxBytes)
      throw new MeshError("malformed-frame", `a text of ${length} bytes is longer than the ${maxBytes} allowed`);
    const at = reader.take(length);
    try {
      return utf8.decode(reader.bytes.subarray(at, at + length));
    } catch (cause) {
      throw new MeshError("malformed-frame", "a text is not valid UTF-8", { cause });
    }
  },
});

/** A text that must also pass `check`. */
export const checkedText = (maxBytes: number, what: string, check: (text: string) => boolean): Field<string> => {
  const plain = text(maxBytes);
  return {
    write: plain.write,
    read: (reader) => {
      const value = plain.read(reader);
      if (!check(value)) throw new MeshError("malformed-frame", `${JSON.stringify(value)} is no valid ${what}`);
      return value;
    },
  };
};

/** A node id in 16 bytes. */
export const nodeId: Field<string> = {
  write: (writer, value) => {
    const at = writer.reserve(NODE_ID_BYTES);
    writeNodeId(writer.bytes, at, value);
  },
  read: (reader) => nodeIdFromBytes(reader.bytes, reader.take(NODE_ID_BYTES)),
};

/** One of a closed list of words, in one byte. */
export const oneOf = <const Words extends readonly string[]>(words: Words): Field<Words[number]> => ({
  write: (writer, value) => u8.write(writer, words.indexOf(value)),
  read: (reader) => {
    const index = u8.read(reader);
    const word = words[index];
    if (word === undefined) throw new MeshError("malformed-frame", `${index} stands for none of ${words.join(", ")}`);
    return word;
  },
});

export const flag: Field<boolean> = {
  write: (writer, value) => u8.write(writer, value ? 1 : 0),
  read: (reader) => u8.read(reader) !== 0,
};

/** Items behind a 32-bit count. Memory follows what is really there, never the count claimed. */
export const list = <T>(item: Field<T>): Field<readonly T[]> => ({
  write: (writer, values) => {
    u32.write(writer, values.length);
    for (const value of values) item.write(writer, value);
  },
  read: (reader) => {
    const count = u32.read(reader);
    if (count > reader.left)
      throw new MeshError("malformed-frame", `a list claims ${count} items in ${reader.left} bytes`);
    const values: T[] = [];
    for (let i = 0; i < count; i++) values.push(item.read(reader));
    return values;
  },
});

export type Struct<S> = { readonly [Name in keyof S]: S[Name] extends Field<infer T> ? T : never };

/** Fields one after another, in the order of the table. Bytes after the last are ignored: a later version may add some. */
// biome-ignore lint/suspicious/noExplicitAny: a table holds fields of every type, which write() takes contravariantly.
export const struct = <const S extends { readonly [name: string]: Field<any> }>(shape: S): Field<Struct<S>> => {
  const names = Object.keys(shape);
  const fields: readonly Field<unknown>[] = Object.values(shape);
  return {
    write: (writer, value) => {
      for (let i = 0; i < names.length; i++) fields[i]!.write(writer, (value as Record<string, unknown>)[names[i]!]);
    },
    read: (reader) => {
      const value: Record<string, unknown> = {};
      for (let i = 0; i < names.length; i++) value[names[i]!] = fields[i]!.read(reader);
      return value as Struct<S>;
    },
  };
};
