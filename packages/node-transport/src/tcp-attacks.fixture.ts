/** Bad input on the TCP port: each attack ends when the node has closed its connection. */
import { randomBytes } from "node:crypto";
import { bytes, frame, hello, id, list, Type, text, u8, u32, u64 } from "./by-hand.fixture.ts";
import { HostilePeer, type IntroduceOptions } from "./hostile-peer.fixture.ts";

export interface Target {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly id: string;
  /** A peer that has an edge to it. */
  readonly neighbour: string;
  /** It publishes on `steady` all the time, and subscribes to `attack/*`. */
}

export interface Attack {
  readonly name: string;
  /** What the node must make of it. */
  readonly code: string;
  run(target: Target): Promise<void>;
}

const attack = (name: string, code: string, play: (peer: HostilePeer, target: Target) => unknown): Attack => ({
  name,
  code,
  async run(target) {
    const peer = await HostilePeer.connect(target.port);
    try {
      await play(peer, target);
      await peer.ended;
    } finally {
      peer.socket.destroy();
    }
  },
});

/** Bytes instead of a handshake. */
const sent = (name: string, code: string, data: () => Buffer): Attack =>
  attack(name, code, (peer) => peer.send(data()));

const introduced = (name: string, code: string, how: (target: Target) => IntroduceOptions): Attack =>
  attack(name, code, async (peer, target) => peer.send(peer.introduce(await peer.greet(), how(target))));

/** After a handshake that is all right. */
export const joined = (
  name: string,
  code: string,
  play: (peer: HostilePeer, target: Target) => unknown,
  options?: IntroduceOptions,
): Attack =>
  attack(name, code, async (peer, target) => {
    await peer.join(options);
    await play(peer, target);
  });

const NO_UTF8 = Buffer.from("attack/\xff\xfe", "latin1");
export const ANY_NODE = "00112233445566778899aabbccddeeff";
const OTHER_NONCE = Buffer.alloc(32, 0x11);

/** A head that claims `length`, and a little of what it claims. */
const claiming = (length: number, type: number): Buffer =>
  Buffer.concat([u32(length), Buffer.of(type, 0, 0, 0), Buffer.alloc(20)]);

export const TCP_ATTACKS: readonly Attack[] = [
  sent("random bytes", "too-large", () => Buffer.concat([Buffer.of(0xe3), randomBytes(511)])),
  sent("random bytes behind a sound head", "malformed-frame", () => frame(Type.hello, randomBytes(200))),
  sent("a frame that claims 4 GiB", "too-large", () => claiming(0xffff_ffff, Type.hello)),
  sent("a frame that claims less than its head", "malformed-frame", () => claiming(7, Type.hello)),
  sent("a frame too large for a stranger", "too-large", () => frame(Type.hello, Buffer.alloc(16 * 1024))),
  sent("an HTTP request", "malformed-frame", () => Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")),
  sent("a TLS client", "malformed-frame", () => Buffer.from("1603010200010001fc0303", "hex")),
  sent("versions out of range", "unsupported-version", () => hello(Buffer.alloc(32), [200, 201])),
  sent("a HELLO without its magic", "malformed-frame", () =>
    frame(Type.hello, Buffer.from("CHSQ"), u32(0), u32(0), bytes(OTHER_NONCE)),
  ),
  sent("a feed without a handshake", "malformed-frame", () => frame(Type.attach, list(), list(), list())),
  sent("a handshake that stalls at once", "timed-out", () => Buffer.alloc(0)),
  attack("a handshake that stalls half-way", "timed-out", (peer) => peer.greet()),
  attack("the end of the stream inside a HELLO", "malformed-frame", (peer) => {
    peer.socket.end(hello(OTHER_NONCE).subarray(0, 20));
  }),
  introduced("a peer that claims our own id", "self-edge", ({ id }) => ({ id })),
  introduced("a peer that claims another's id", "bad-credentials", () => ({ id: ANY_NODE })),
  introduced("a peer whose signature is wrong", "bad-credentials", () => ({ spoilSignature: true })),
  introduced("an introduction signed for another link", "bad-credentials", () => ({ hello: hello(OTHER_NONCE) })),
  introduced("a peer of another mesh", "other-mesh", () => ({ mesh: "elsewhere" })),
  joined("invalid UTF-8 in the topic of a FLOW", "malformed-frame", (peer) =>
    peer.send(frame(Type.flow, u64(1), id(peer.id), u64(1), id(peer.id), u32(0), u8(0), text(NO_UTF8))),
  ),
  joined("invalid UTF-8 in the pattern of an ATTACH", "malformed-frame", (peer) =>
    peer.send(frame(Type.attach, list(peer.them), list(Buffer.concat([text(NO_UTF8), u8(1)])), list())),
  ),
  joined("a frame type nobody knows", "malformed-frame", (peer) => peer.send(frame(0x7e, Buffer.alloc(10)))),
  joined("a second HELLO", "malformed-frame", (peer) => peer.send(hello(OTHER_NONCE))),
  joined("a list that claims four billion origins", "malformed-frame", (peer) =>
    peer.send(frame(Type.attach, u32(0xffff_ffff))),
  ),
  joined("a control frame above 1 MiB", "too-large", (peer) =>
    peer.send(frame(Type.attach, Buffer.alloc(1024 * 1024))),
  ),
  joined("the end of the stream inside a frame", "malformed-frame", (peer) =>
    peer.socket.end(claiming(1_000, Type.data)),
  ),
  joined("a message shorter than its head", "malformed-frame", (peer) => peer.send(frame(Type.data, Buffer.alloc(8)))),
  joined("a unicast with a hop limit of 255", "malformed-frame", (peer) => {
    const unicast = frame(Type.unicast, id(ANY_NODE.repeat(4)));
    unicast[6] = 1;
    unicast[7] = 255;
    peer.send(unicast);
  }),
  joined("a record in the name of another", "bad-credentials", (peer) =>
    peer.send(peer.identity.record({ of: ANY_NODE })),
  ),
  joined("a record whose signature is wrong", "bad-credentials", (peer) =>
    peer.send(peer.identity.record({ spoilSignature: true })),
  ),
  joined("a position from the future", "malformed-frame", async (peer) => {
    await peer.attach("steady", { flow: await peer.attach("steady"), seq: 1e9 });
  }),
  joined("a message numbered above 2^52", "malformed-frame", async (peer) => {
    const message = await peer.becomeOrigin("attack/*", "attack/numbers");
    peer.send(message(2 ** 52 + 1, Buffer.of(0xc0)));
  }),
  joined("a header map that passes the end of its frame", "malformed-frame", async (peer) => {
    const message = await peer.becomeOrigin("attack/*", "attack/headers");
    peer.send(message(1, u32(100), 0x0e));
  }),
];
