/** A key of its own and what can be signed with it: records and shares, sound ones and others. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { bytes, frame, id, list, Type, text, u8, u32, u64 } from "./by-hand.fixture.ts";

interface Signed {
  /** Named instead of the id of its key. */
  readonly of?: string;
  readonly incarnation?: number;
  readonly spoilSignature?: boolean;
}

export interface RecordOptions extends Signed {
  /** The next one, unless given. */
  readonly sequence?: number;
  /** 0 is a peer, 2 a leaf. */
  readonly role?: number;
  readonly addresses?: readonly string[];
  /** Ids, or ids with what their edges cost; 1 us by default. */
  readonly neighbours?: readonly (string | readonly [id: string, costMicros: number])[];
  /** The version that the share is said to have come to. */
  readonly directory?: number;
  readonly gone?: boolean;
}

export interface ShareOptions extends Signed {
  readonly version: number;
  /** By default only version 1 is. */
  readonly whole?: boolean;
  /** Patterns it wants. */
  readonly topics?: readonly string[];
}

export class HostileIdentity {
  readonly id: string;
  readonly publicKey: Buffer;
  readonly incarnation = Date.now();
  readonly #keys = generateKeyPairSync("ed25519");
  #sequence = 0;

  constructor() {
    this.publicKey = this.#keys.publicKey.export({ format: "der", type: "spki" }).subarray(12);
    this.id = createHash("sha256").update(this.publicKey).digest("hex").slice(0, 32);
  }

  record(options: RecordOptions = {}): Buffer {
    const { of = this.id, incarnation = this.incarnation, sequence = ++this.#sequence } = options;
    const { role = 0, addresses = [], neighbours = [], directory = 0, gone = false } = options;
    const edges = neighbours.map((neighbour) => {
      const [to, costMicros] = typeof neighbour === "string" ? [neighbour, 1] : neighbour;
      return Buffer.concat([id(to), u32(costMicros)]);
    });
    const body = Buffer.concat([
      ...[id(of), u64(incarnation), u64(sequence), u8(role), text("hostile"), bytes(this.publicKey)],
      ...[list(...addresses.map(text)), list(...edges), u64(directory), u8(Number(gone))],
    ]);
    return frame(Type.record, u32(0), ...this.#signed(body, options));
  }

  share(options: ShareOptions): Buffer {
    const { of = this.id, incarnation = this.incarnation, version, whole = version === 1, topics = [] } = options;
    const wants = topics.map((pattern) => Buffer.concat([text(pattern), u8(1), u32(0)]));
    const body = Buffer.concat([
      ...[id(of), u64(incarnation), u64(version), u8(Number(whole)), list(...wants), list()],
    ]);
    return frame(Type.share, ...this.#signed(body, options));
  }

  sign(message: Buffer): Buffer {
    return sign(null, message, this.#keys.privateKey);
  }

  #signed(body: Buffer, { spoilSignature = false }: Signed): Buffer[] {
    const signature = this.sign(body);
    if (spoilSignature) signature[10]! ^= 1;
    return [bytes(body), bytes(signature)];
  }
}
