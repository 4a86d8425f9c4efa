/** Bad input on the WebSocket port: each attack ends when the gateway has closed its connection. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createNode, type Identity, leafIdentity, MeshError, type NodeId, SECRET_BYTES } from "@chaski/core";
import type { Link, LinkSink, OnLink, Transport } from "@chaski/core/link";
import { ephemeralIdentity, nodeRandom, nodeRuntime, webSocketTransport } from "@chaski/node-transport";
import { CHANNELS_SUBPROTOCOL, ChannelKind } from "@chaski/websocket";
import { WebSocket } from "ws";
import { connectTo } from "./http.fixture.ts";

export interface Target {
  /** `http://host:port`. */
  readonly url: string;
  /** The id of the gateway's node. */
  readonly id: NodeId;
}

export interface Attack {
  readonly name: string;
  /** What the gateway must make of it. */
  readonly codes: readonly string[];
  run(target: Target): Promise<void>;
}

/** As a page draws its own. */
function pageIdentity(): Identity {
  const secret = nodeRandom.bytes(SECRET_BYTES);
  return leafIdentity(secret, createHash("sha256").update(secret).digest());
}

const HELLO = 0x01;
const INTRODUCE = 0x02;
const TYPE_AT = 4;
/** Behind the head of 8 bytes and the magic of 4: the HELLO's least and greatest version, for ever. */
const VERSIONS_AT = 12;

const sent = (
  name: string,
  codes: readonly string[],
  message: () => Uint8Array | string,
  andThen = (_socket: WebSocket): void => {},
): Attack => ({
  name,
  codes,
  async run({ url }) {
    const socket = new WebSocket(`${url}/mesh`, "chaski.v0");
    await once(socket, "open");
    socket.on("error", () => {});
    socket.send(message());
    andThen(socket);
    await once(socket, "close");
  },
});

/** On channel 1 of a WebSocket that tabs would share; it is closed when the channel is over. */
const onChannel = (name: string, codes: readonly string[], messages: () => readonly Uint8Array[]): Attack => ({
  name: `${name} on a channel`,
  codes,
  async run({ url }) {
    const socket = new WebSocket(`${url}/mesh`, CHANNELS_SUBPROTOCOL);
    await once(socket, "open");
    socket.on("error", () => {});
    socket.on("message", (message: Buffer) => {
      if (message[TYPE_AT] === ChannelKind.end || message[TYPE_AT] === ChannelKind.abort) socket.close();
    });
    socket.send(channelOne(ChannelKind.open));
    for (const message of messages()) socket.send(message);
    await once(socket, "close");
  },
});

const channelOne = (kind: ChannelKind, body: Uint8Array = new Uint8Array(0)): Uint8Array =>
  Buffer.concat([Uint8Array.of(0, 0, 0, 1, kind), body]);

/** Over a connection that follows no rule: bytes after the upgrade, and no answer to a close. */
const raw = (name: string, codes: readonly string[], bytes: Uint8Array): Attack => ({
  name,
  codes,
  async run({ url }) {
    const socket = await connectTo(url);
    const key = randomBytes(16).toString("base64");
    socket.write("GET /mesh HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
    socket.write(`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chaski.v0\r\nSec-WebSocket-Key: ${key}\r\n\r\n`);
    await once(socket, "data");
    if (bytes.byteLength > 0) socket.write(bytes);
    socket.resume();
    await once(socket, "end");
    socket.destroy();
  },
});

/** A leaf like any other, but for its identity or for what it sends. */
const leaf = (
  name: string,
  codes: readonly string[],
  how: {
    readonly identity?: (target: Target) => Identity;
    readonly subscribe?: string;
    readonly tamper?: (packet: Buffer) => Buffer;
  },
): Attack => ({
  name,
  codes,
  async run(target) {
    let closed = (): void => {};
    const end = new Promise<void>((resolve) => (closed = resolve));
    const transport = tampering(webSocketTransport(), how.tamper ?? ((packet) => packet), () => closed());
    const node = await createNode(
      { join: [target.url] },
      nodeRuntime({
        role: "leaf",
        transports: [transport],
        identity: how.identity?.(target) ?? pageIdentity(),
      }),
    );
    if (how.subscribe) node.subscribe(how.subscribe, {}, () => {});
    await end;
    await node.close({ timeoutMs: 0 });
  },
});

/** A topic with a mark where no UTF-8 will be. */
const MARKED = "attack/MARK";

export const ATTACKS: readonly Attack[] = [
  sent("random bytes", ["malformed-frame", "too-large"], () => randomBytes(512)),
  sent("a text message", ["malformed-frame"], () => "hello"),
  sent("a frame that claims 4 GiB", ["too-large"], () => Buffer.from("ffffffff0100000000", "hex")),
  sent("a frame that claims less than its head", ["malformed-frame"], () => Buffer.from("000000010100000000", "hex")),
  sent(
    "the end of the stream inside a frame",
    ["malformed-frame"],
    () => Buffer.from("000000200100000000", "hex"),
    (socket) => socket.close(1000),
  ),
  raw("a WebSocket message that claims 4 GiB", ["too-large"], Buffer.from("82ff000000010000000000000000", "hex")),
  raw("a WebSocket message without its mask", ["malformed-frame"], Buffer.from("820100", "hex")),
  raw("a handshake that stalls", ["timed-out"], new Uint8Array(0)),
  onChannel("random bytes", ["malformed-frame", "too-large"], () => [channelOne(ChannelKind.data, randomBytes(512))]),
  onChannel("an acknowledgement of what was never sent", ["malformed-frame"], () => [
    channelOne(ChannelKind.ack, Buffer.from("7fffffff", "hex")),
  ]),
  onChannel("an end at once", ["link-lost"], () => [channelOne(ChannelKind.end)]),
  onChannel("the same opened again", ["link-lost"], () => [channelOne(ChannelKind.open)]),
  onChannel("a message without a channel", ["link-lost"], () => [Uint8Array.of(1, 2, 3)]),
  leaf("a version out of range", ["unsupported-version"], {
    tamper: (packet) => {
      if (packet[TYPE_AT] === HELLO) packet.fill(0xee, VERSIONS_AT, VERSIONS_AT + 2);
      return packet;
    },
  }),
  leaf("a leaf that claims our own id", ["self-edge"], {
    identity: ({ id }) => ({ ...pageIdentity(), id }),
  }),
  leaf("a leaf that claims the id of another", ["bad-credentials"], {
    identity: () => ({ ...pageIdentity(), id: pageIdentity().id }),
  }),
  leaf("a public key in place of a secret", ["bad-credentials"], {
    identity: () => ({ ...ephemeralIdentity(), sign: () => new Uint8Array(0) }),
  }),
  leaf("a ticket larger than any", ["malformed-frame"], {
    identity: pageIdentity,
    tamper: (packet) => withTicket(packet, 4_097),
  }),
  leaf("invalid UTF-8 in a topic", ["malformed-frame"], {
    subscribe: MARKED,
    tamper: (packet) => {
      for (let at = 0; (at = packet.indexOf("MARK", at)) >= 0; ) packet.fill(0xff, at, at + 4);
      return packet;
    },
  }),
];

/** With so many bytes of ticket, where the packet is a leaf's INTRODUCE: its last fields, ticket and signature, are empty. */
function withTicket(packet: Buffer, ticketBytes: number): Buffer {
  if (packet[TYPE_AT] !== INTRODUCE) return packet;
  const longer = Buffer.concat([packet.subarray(0, -8), Buffer.alloc(4), Buffer.alloc(ticketBytes), Buffer.alloc(4)]);
  longer.writeUInt32BE(ticketBytes, packet.byteLength - 8);
  longer.writeUInt32BE(longer.byteLength, 0);
  return longer;
}

/** A transport whose link changes what is sent through it. There is only one: an attack is not repeated. */
function tampering(transport: Transport, tamper: (packet: Buffer) => Buffer, onClosed: () => void): Transport {
  let dialled = false;
  return {
    ...transport,
    dial: (address, onLink: OnLink, options) => {
      if (dialled) return Promise.reject(new MeshError("dial-failed", "once is enough"));
      dialled = true;
      const onTamperedLink: OnLink = (link) => {
        const tampered: Link = {
          traits: link.traits,
          remoteAddress: link.remoteAddress,
          send: (parts) => link.send([tamper(Buffer.concat(parts))]),
          close: (how) => link.close(how),
          abort: (error) => link.abort(error),
        };
        const sink = onLink(tampered);
        const watched: LinkSink = {
          onPacket: (packet) => sink.onPacket(packet),
          onWritable: () => sink.onWritable(),
          onClosed: (error) => {
            sink.onClosed(error);
            onClosed();
          },
        };
        return watched;
      };
      return transport.dial(address, onTamperedLink, options);
    },
  };
}
