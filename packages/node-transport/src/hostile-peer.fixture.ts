/** A neighbour that breaks the rules on purpose. It holds a real Ed25519 key, so that it gets as far as it wants to. */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { bytes, frame, hello, id, list, Type, text, u8, u32, u64 } from "./by-hand.fixture.ts";
import { HostileIdentity, type RecordOptions } from "./hostile-identity.fixture.ts";

export interface IntroduceOptions {
  /** Claimed instead of the id of its key. */
  readonly id?: string;
  /** Signed instead of the HELLO that was given. */
  readonly hello?: Buffer;
  readonly spoilSignature?: boolean;
  readonly mesh?: string;
  /** 0 is a peer, 2 a leaf. */
  readonly role?: number;
}

interface Waiter {
  readonly type: number;
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
}

export class HostilePeer {
  readonly identity = new HostileIdentity();
  readonly id = this.identity.id;
  /** The node it talks to, once that has introduced itself: id, then incarnation, as an ATTACH names it. */
  them = Buffer.alloc(24);
  /** Resolves when the other side has ended or reset the connection. */
  readonly ended: Promise<void>;
  readonly socket: Socket;
  readonly #hello = hello(randomBytes(32));
  readonly #frames: Buffer[] = [];
  #waiters: Waiter[] = [];
  #held = Buffer.alloc(0);
  #isEnded = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.#isEnded = true;
        for (const waiter of this.#waiters.splice(0))
          waiter.reject(new Error("the connection ended before the frame came"));
        resolve();
      };
      socket.once("end", end);
      socket.once("close", end);
    });
  }

  /** @param port On 127.0.0.1. */
  static async connect(port: number): Promise<HostilePeer> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new HostilePeer(socket);
  }

  send(...data: Buffer[]): void {
    this.socket.write(Buffer.concat(data));
  }

  /** The first frame of `type` not taken yet. */
  next(type: number): Promise<Buffer> {
    const at = this.#frames.findIndex((received) => received[4] === type);
    if (at >= 0) return Promise.resolve(this.#frames.splice(at, 1)[0]!);
    if (this.#isEnded) return Promise.reject(new Error("the connection has ended"));
    return new Promise((resolve, reject) => this.#waiters.push({ type, resolve, reject }));
  }

  /** The frames of `type` that came and were not taken. */
  received(type: number): Buffer[] {
    return this.#frames.filter((frame) => frame[4] === type);
  }

  /** Say HELLO, and hear theirs. */
  greet(): Promise<Buffer> {
    this.send(this.#hello);
    return this.next(Type.hello);
  }

  introduce(theirHello: Buffer, options: IntroduceOptions = {}): Buffer {
    const said = Buffer.concat([
      text(options.mesh ?? "default"),
      ...[id(options.id ?? this.id), u8(options.role ?? 0), text("hostile")],
      ...[u64(this.identity.incarnation), bytes(this.identity.publicKey)],
      ...[list(), text(""), bytes(Buffer.alloc(0))],
    ]);
    const proof = [bytes(Buffer.from("chaski edge 0")), bytes(options.hello ?? theirHello), bytes(this.#hello), said];
    const signature = this.identity.sign(Buffer.concat(proof));
    if (options.spoilSignature) signature[10]! ^= 1;
    return frame(Type.introduce, said, bytes(signature));
  }

  /** The whole handshake, as any peer does it, and all that the other side tells then. */
  async join(options: IntroduceOptions = {}): Promise<void> {
    this.send(this.introduce(await this.greet(), options));
    const introduction = await this.next(Type.introduce);
    const idAt = 10 + introduction.readUInt16BE(8);
    const incarnationAt = idAt + 19 + introduction.readUInt16BE(idAt + 17);
    this.them = Buffer.concat([
      introduction.subarray(idAt, idAt + 16),
      introduction.subarray(incarnationAt, incarnationAt + 8),
    ]);
    await this.next(Type.accept);
    this.send(frame(Type.accept), frame(Type.digest, u8(1), list()));
    await this.next(Type.synced);
  }

  /** A record of itself with the one it talks to as its neighbour, as any peer sends it, so that routes lead here. */
  beNeighbour(options: RecordOptions = {}): void {
    this.send(this.identity.record({ neighbours: [this.them.toString("hex", 0, 16)], ...options }));
  }

  /** The newest record that came of a peer. */
  async recordOf(peer: string): Promise<Buffer> {
    for (;;) {
      const record = await this.next(Type.record);
      if (record.toString("hex", 16, 32) === peer) return record;
    }
  }

  /** Resolves when everything sent so far has been dealt with. */
  async settled(): Promise<void> {
    this.send(frame(Type.ping, u64(++this.#pings), u32(0)));
    while ((await this.next(Type.pong)).readBigUInt64BE(8) !== BigInt(this.#pings));
  }
  #pings = 0;

  /**
   * Publish on `topic` to a node that subscribes to `pattern`: become known, be attached to, and answer.
   * @returns What makes a message.
   */
  async becomeOrigin(
    pattern: string,
    topic: string,
  ): Promise<(seq: number, payload: Buffer, flags?: number) => Buffer> {
    this.beNeighbour();
    await this.next(Type.attach);
    const origin = Buffer.concat([id(this.id), u64(this.identity.incarnation)]);
    const flow = randomBytes(6).readUIntBE(0, 6);
    this.send(frame(Type.flow, u64(flow), origin, id(this.id), u32(0), u8(0), text(topic)));
    this.send(frame(Type.attached, list(origin), list(text(pattern))));
    return (seq, payload, flags = 0x0c) => {
      const head = frame(Type.data, u64(flow), u64(seq), u64(Date.now() * 1000), payload);
      head[5] = flags;
      head[6] = 1;
      return head;
    };
  }

  /** Attach to one of their topics, and go on after a position if one is given. @returns The number of a flow. */
  async attach(topic: string, position?: { readonly flow: number; readonly seq: number }): Promise<number> {
    const positions = position ? [Buffer.concat([u64(position.flow), u64(position.seq)])] : [];
    const wants = position ? [] : [Buffer.concat([text(topic), u8(1)])];
    this.send(frame(Type.attach, list(this.them), list(...wants), list(...positions)));
    if (position) return position.flow;
    return Number((await this.next(Type.flow)).readBigUInt64BE(8));
  }

  #onData(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    while (this.#held.byteLength >= 8 && this.#held.byteLength >= this.#held.readUInt32BE(0)) {
      const length = this.#held.readUInt32BE(0);
      const whole = this.#held.subarray(0, length);
      this.#held = this.#held.subarray(length);
      // An attacker that wants to stay answers like anybody.
      if (whole[4] === Type.ping) this.send(frame(Type.pong, whole.subarray(8, 16)));
      const waiter = this.#waiters.find(({ type }) => type === whole[4]);
      if (!waiter) this.#frames.push(whole);
      else {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        waiter.resolve(whole);
      }
    }
  }
}
