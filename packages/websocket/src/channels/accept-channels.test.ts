import { MeshError } from "@chaski/core";
import type { Link } from "@chaski/core/link";
import { RecordingSink, VirtualClock } from "@chaski/core/testing";
import { describe, expect, it } from "vitest";
import type { NodeWebSocketLike } from "../websocket-like.ts";
import { acceptChannels, type ChannelsOptions } from "./accept-channels.ts";
import { ackMessage, ChannelKind, channelMessage, onChannel, textOf } from "./channel-message.ts";

/** A WebSocket of the `ws` package as far as channels see it; it keeps what it is given. */
class Socket implements NodeWebSocketLike {
  binaryType = "";
  bufferedAmount = 0;
  readonly protocol = "";
  readonly sent: Uint8Array[] = [];
  ended: "terminated" | number | undefined;
  readonly #listeners = new Map<string, (event: unknown) => void>();

  send(message: Uint8Array<ArrayBuffer>): void {
    this.sent.push(message);
    this.bufferedAmount += message.byteLength;
  }
  close(code = 1005): void {
    this.ended = code;
  }
  terminate(): void {
    this.ended = "terminated";
  }
  addEventListener(type: string, listener: (event: unknown) => void): void {
    this.#listeners.set(type, listener);
  }
  emit(type: string, event: object): void {
    this.#listeners.get(type)!(event);
  }
  say(kind: number, channel: number, body: Uint8Array = new Uint8Array(0)): void {
    const message = channelMessage(kind as ChannelKind, body.byteLength);
    message.set(body, 5);
    this.emit("message", { data: onChannel(message, channel) });
  }
  /** Kinds of what was sent, each with its channel. */
  get said(): (readonly [kind: number, channel: number])[] {
    return this.sent.map((message) => [message[4]!, message[3]!]);
  }
}

function accept(options: Partial<ChannelsOptions> = {}) {
  const clock = new VirtualClock();
  const socket = new Socket();
  const ends: { readonly link: Link; readonly sink: RecordingSink }[] = [];
  acceptChannels(socket, { clock, remoteAddress: "ws://a", ...options }, (link) => {
    const sink = new RecordingSink();
    ends.push({ link, sink });
    return sink;
  });
  return { clock, socket, ends };
}

const FRAME = Uint8Array.of(0, 0, 0, 8, 0xff, 0, 0, 0);
const { open, opened, data, ack, end, abort, ping, pong } = ChannelKind;

describe("acceptChannels()", () => {
  it("makes a link of every channel, and answers on its number", async () => {
    const { clock, socket, ends } = accept();
    socket.say(open, 1);
    socket.say(open, 7);
    socket.say(data, 7, FRAME);
    expect(ends.map(({ link, sink }) => [link.remoteAddress, sink.frames])).toEqual([
      ["ws://a/1", []],
      ["ws://a/7", [FRAME]],
    ]);
    clock.advance(100);
    socket.say(ping, 0);
    socket.say(end, 1);
    expect(await ends[0]!.sink.closed).toBeUndefined();
    expect(socket.said).toEqual([
      [opened, 1],
      [opened, 7],
      [ack, 7],
      [pong, 0],
      [end, 1],
    ]);
    // It is over.
    socket.say(data, 1, FRAME);
    socket.say(abort, 7);
    expect(await ends[1]!.sink.closed).toMatchObject({ code: "link-lost" });
    expect([socket.ended, ends[0]!.sink.frames]).toEqual([undefined, []]);
  });

  it("closes a WebSocket on which nothing is open for 4 s", () => {
    const { clock, socket } = accept();
    clock.advance(3_999);
    socket.say(open, 1);
    clock.advance(60_000);
    socket.say(end, 1);
    clock.advance(3_999);
    expect(socket.ended).toBeUndefined();
    clock.advance(1);
    expect([socket.ended, clock.pending]).toEqual([1000, 0]);
    socket.say(open, 2);
    expect(socket.said.length).toBe(2);
  });

  it("refuses a channel there is no room for, on the WebSocket or at all, and goes on", () => {
    let gone = 0;
    let room = 3;
    const { socket, ends } = accept({ admit: () => room-- > 0, onGone: () => void gone++ });
    for (let channel = 1; channel <= 4; channel++) socket.say(open, channel);
    expect([ends.length, socket.said.at(-1), textOf(socket.sent.at(-1)!)]).toEqual([
      3,
      [abort, 4],
      "there is no room for one link more",
    ]);
    room = 1_000;
    for (let channel = 5; channel <= 300; channel++) socket.say(open, channel);
    expect([ends.length, gone, socket.ended]).toEqual([128, 0, undefined]);
    socket.say(abort, 1);
    socket.say(abort, 2);
    socket.say(open, 301);
    expect([ends.length, gone]).toEqual([129, 2]);
  });

  it("loses all links when the WebSocket is closed", async () => {
    const { clock, socket, ends } = accept();
    socket.say(open, 1);
    socket.say(open, 2);
    socket.emit("close", { code: 1006 });
    for (const { sink } of ends) {
      expect(await sink.closed).toMatchObject({ code: "link-lost", message: expect.stringContaining("code 1006") });
    }
    expect(clock.pending).toBe(0);
  });

  it.each<[string, (socket: Socket) => void]>([
    ["a text message", (socket) => socket.emit("message", { data: "hello" })],
    ["a message without a head", (socket) => socket.emit("message", { data: new Uint8Array(4) })],
    ["a channel opened again", (socket) => socket.say(open, 1)],
    [
      "one who does not read",
      (socket) => {
        for (let sent = 0; sent < 40; sent++) {
          socket.bufferedAmount = sent * 1024 * 1024;
          socket.say(ping, 0);
        }
      },
    ],
    ["a broken WebSocket", (socket) => socket.emit("error", { message: "a test" })],
  ])("ends the WebSocket and all its links for %s", async (_what, attack) => {
    const { clock, socket, ends } = accept();
    socket.say(open, 1);
    socket.say(open, 2);
    attack(socket);
    expect([socket.ended, clock.pending]).toEqual(["terminated", 0]);
    for (const { sink } of ends) expect(await sink.closed).toMatchObject({ code: "link-lost" });
    const { length } = socket.sent;
    socket.say(ping, 0);
    expect(socket.sent.length).toBe(length);
  });

  it("ends the WebSocket of one who opens a channel and reads no more, with what was admitted let go of", () => {
    let links = 0;
    const { clock, socket, ends } = accept({
      admit: () => links++ < 10,
      onGone: () => void links--,
    });
    socket.bufferedAmount = 32 * 1024 * 1024;
    socket.say(open, 1);
    expect([socket.ended, ends.length, links, clock.pending]).toEqual(["terminated", 0, 0, 0]);
  });

  it.each<[who: string, end: (socket: Socket, link: Link) => void]>([
    ["its other end", (socket) => socket.say(end, 1)],
    ["this one", (_socket, link) => void link.close()],
  ])("lets go of a link once when %s ends it, and the WebSocket breaks over its last words", async (_who, say) => {
    let gone = 0;
    const { socket, ends } = accept({ onGone: () => void gone++ });
    socket.say(open, 1);
    const { link, sink } = ends[0]!;
    socket.bufferedAmount = 32 * 1024 * 1024;
    link.send([FRAME]);
    say(socket, link);
    expect(await sink.closed).toMatchObject({ code: "link-lost" });
    link.abort(new MeshError("closed", "a test"));
    await Promise.resolve();
    expect([socket.ended, gone, sink.closings]).toEqual(["terminated", 1, 1]);
  });

  it.each<[string, string, (socket: Socket) => void]>([
    [
      "an acknowledgement of what was never sent",
      "malformed-frame",
      (socket) => socket.emit("message", { data: onChannel(ackMessage(1), 1) }),
    ],
    ["an acknowledgement of nothing", "malformed-frame", (socket) => socket.say(ack, 1)],
    ["a frame that claims 4 GiB", "too-large", (socket) => socket.say(data, 1, new Uint8Array(8).fill(0xff))],
    [
      "an end inside a frame",
      "malformed-frame",
      (socket) => {
        socket.say(data, 1, FRAME.subarray(0, 5));
        socket.say(end, 1);
      },
    ],
    ["an end with words that are none", "link-lost", (socket) => socket.say(abort, 1, Uint8Array.of(0xff))],
  ])("ends one link alone for %s", async (_what, code, attack) => {
    const { socket, ends } = accept();
    socket.say(open, 1);
    socket.say(open, 2);
    attack(socket);
    expect(await ends[0]!.sink.closed).toMatchObject({ code });
    socket.say(data, 2, FRAME);
    socket.say(200, 2);
    expect([ends[1]!.sink.frames, ends[1]!.sink.closings, socket.ended]).toEqual([[FRAME], 0, undefined]);
  });
});
