const MAX_DEPTH = 6;
const MAX_SHOWN_BYTES = 16;

/** Any value of a message or an answer as indented text, cut at `maxCharacters`; bytes are summed up. */
export function pretty(value: unknown, maxCharacters: number): string {
  const writer = new Writer(maxCharacters);
  writer.write(value, 0);
  return writer.text;
}

class Writer {
  readonly #max: number;
  #out = "";

  constructor(maxCharacters: number) {
    this.#max = maxCharacters;
  }

  get text(): string {
    return this.#full ? `${this.#out.slice(0, this.#max - 1)}…` : this.#out;
  }

  get #full(): boolean {
    return this.#out.length > this.#max;
  }

  write(value: unknown, depth: number): void {
    if (this.#full) return;
    if (typeof value === "string") this.#out += JSON.stringify(value.slice(0, this.#max));
    else if (typeof value !== "object" || value === null) this.#out += String(value);
    else if (value instanceof Date) this.#out += value.toISOString();
    else if (value instanceof Uint8Array) this.#out += describeBytes(value);
    else if (depth >= MAX_DEPTH) this.#out += "…";
    else if (Array.isArray(value)) this.#array(value, depth);
    else this.#object(value, depth);
  }

  /** A list of plain values stays on one line. */
  #array(items: readonly unknown[], depth: number): void {
    const plain = items.every((item) => typeof item !== "object" || item === null);
    this.#enclose("[", "]", items.entries(), plain ? undefined : depth, (item) => this.write(item, depth + 1));
  }

  #object(value: object, depth: number): void {
    const entries = Object.entries(value);
    this.#enclose("{", "}", entries, entries.length > 0 ? depth : undefined, (item, key) => {
      this.#out += `${JSON.stringify(key)}: `;
      this.write(item, depth + 1);
    });
  }

  /** @param depth Of the indentation, or `undefined` to stay on the line. */
  #enclose<Key>(
    open: string,
    close: string,
    entries: Iterable<readonly [Key, unknown]>,
    depth: number | undefined,
    write: (item: unknown, key: Key) => void,
  ): void {
    const line = depth === undefined ? "" : `\n${"  ".repeat(depth)}`;
    this.#out += open;
    let separator = line && `${line}  `;
    for (const [key, item] of entries) {
      if (this.#full) return;
      this.#out += separator;
      separator = line ? `,${line}  ` : ", ";
      write(item, key);
    }
    this.#out += line + close;
  }
}

function describeBytes(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, MAX_SHOWN_BYTES), (byte) => byte.toString(16).padStart(2, "0"));
  const rest = bytes.length > MAX_SHOWN_BYTES ? " …" : "";
  return `Uint8Array(${bytes.length}) ${shown.join(" ")}${rest}`.trimEnd();
}
