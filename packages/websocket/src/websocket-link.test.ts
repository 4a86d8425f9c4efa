import { MeshError } from "@chaski/core";
import type { Link } from "@chaski/core/link";
import { RecordingSink, VirtualClock } from "@chaski/core/testing";
import { describe, expect, it } from "vitest";
import type { NodeWebSocketLike, WebSocketLike } from "./websocket-like.ts";
import { openWebSocketLink } from "./websocket-link.ts";

interface Opened<Socket> {
  readonly clock: VirtualClock;
  readonly socket: Socket;
  readonly sink: RecordingSink;
  readonly link: Link;
}

/** A browser's WebSocket as far as a link sees it: nothing leaves until the test says so. */
class BrowserSocket implements WebSocketLike {
  binaryType = "blob";
  bufferedAmount = 0;
  readonly protocol = "chaski.v0";
  readonly sent: Uint8Array[] = [];
  readonly closedWith: (number | undefined)[] = [];
  readonly #listeners = new Map<string, (event: unknown) => void>();

  send(message: Uint8Array): void {
    this.sent.push(message);
    this.bufferedAmount += message.byteLength;
  }
  close(code?: number): void {
    this.closedWith.push(code);
  }
  addEventListener(type: string, listener: (event: unknown) => void): void {
    this.#listeners.set(type, listener);
  }
  emit(type: string, event: object): void {
    this.#listeners.get(type)?.(event);
  }
}

/** The same of the `ws` package. */
class NodeSocket extends BrowserSocket implements NodeWebSocketLike {
  readonly #left: (() => void)[] = [];

  override send(message: Uint8Array, left: () => void = () => {}): void {
    super.send(message);
    this.#left.push(left);
  }
  terminate(): void {}
  /** The system takes the oldest message. */
  take(): void {
    this.bufferedAmount -= this.sent[this.sent.length - this.#left.length]!.byteLength;
    this.#left.shift()!();
  }
}

function open(): Opened<BrowserSocket>;
function open<Socket extends BrowserSocket>(socket: Socket): Opened<Socket>;
function open(socket = new BrowserSocket()): Opened<BrowserSocket> {
  const clock = new VirtualClock();
  const sink = new RecordingSink();
  let link: Link | undefined;
  openWebSocketLink(socket, { clock, remoteAddress: "ws://a/mesh" }, (opened) => {
    link = opened;
    return sink;
  });
  return { clock, socket, sink, link: link! };
}

/** A whole frame of `length` bytes. */
function frame(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

describe("a link over a browser's WebSocket", () => {
  it("joins small packets of one tick into one message and passes large parts on as they are", async () => {
    const { socket, link } = open();
    const large = frame(60_000);
    link.send([frame(8)]);
    link.send([frame(9), frame(10)]);
    expect(socket.sent).toEqual([]);
    link.send([large]);
    link.send([frame(11)]);
    await undefined;
    expect(socket.sent.map((message) => message.byteLength)).toEqual([27, 60_000, 11]);
    expect(socket.sent[1]).toBe(large);
  });

  it("looks at bufferedAmount only while onWritable is owed", () => {
    const { clock, socket, sink, link } = open();
    expect(link.send([frame(200_000)])).toBe(true);
    expect(clock.pending).toBe(0);
    expect(link.send([frame(100_000)])).toBe(false);
    clock.advance(100);
    expect([sink.writables, clock.pending]).toEqual([0, 1]);
    socket.bufferedAmount = 60_000;
    clock.advance(4);
    expect([sink.writables, clock.pending]).toEqual([1, 0]);
    expect(link.send([frame(8)])).toBe(true);
  });

  it("leaves no timer when it ends while it looks", async () => {
    const { clock, socket, sink, link } = open();
    link.send([frame(300_000)]);
    expect(clock.pending).toBe(1);
    socket.emit("close", { code: 1006, reason: "" });
    expect(await sink.closed).toMatchObject({
      code: "link-lost",
      message: "[link-lost] the link to ws://a/mesh was closed with code 1006",
    });
    expect(clock.pending).toBe(0);
  });

  it("hands out frames across messages, and closes with 1000 after what waits", async () => {
    const { socket, sink, link } = open();
    expect(socket.binaryType).toBe("arraybuffer");
    socket.emit("message", { data: frame(12).slice(0, 5).buffer });
    socket.emit("message", { data: frame(12).slice(5).buffer });
    expect(sink.frames).toEqual([frame(12)]);
    link.send([frame(8)]);
    const closing = link.close();
    expect([socket.sent.length, socket.closedWith]).toEqual([1, [1000]]);
    socket.emit("close", { code: 1000, reason: "" });
    await closing;
    expect(await sink.closed).toBeUndefined();
  });

  it("abort() tells its sink although the browser is still sending", async () => {
    const { socket, sink, link } = open();
    link.send([frame(300_000)]);
    link.abort(new MeshError("closed", "a test"));
    expect(sink.closings).toBe(0);
    await sink.closed;
    expect(socket.closedWith).toEqual([4000]);
    socket.emit("message", { data: frame(8).buffer });
    socket.emit("close", { code: 4000, reason: "" });
    expect([sink.closings, sink.packets.length, sink.faults]).toEqual([1, 0, []]);
  });
});

describe("a link over a WebSocket of `ws`", () => {
  const sum = (messages: readonly Uint8Array[]): number =>
    messages.reduce((bytes, { byteLength }) => bytes + byteLength, 0);

  it("gives it little at once, so that what leaves is seen leaving", () => {
    const { socket, link, sink } = open(new NodeSocket());
    expect(link.send([frame(1_000_000)])).toBe(false);
    expect([socket.sent.map((message) => message.byteLength), link.waitingBytes]).toEqual([
      [65_536, 65_536],
      1_000_000,
    ]);
    socket.take();
    expect([socket.sent.length, link.waitingBytes]).toEqual([3, 1_000_000 - 65_536]);
    while (socket.bufferedAmount > 0) socket.take();
    expect([sum(socket.sent), link.waitingBytes, sink.writables]).toEqual([1_000_000, 0, 1]);
  });

  it("gives it all that waits before it closes, and nothing when it is aborted", () => {
    const closing = open(new NodeSocket());
    closing.link.send([frame(1_000_000)]);
    void closing.link.close();
    expect([sum(closing.socket.sent), closing.socket.closedWith]).toEqual([1_000_000, [1000]]);
    const aborted = open(new NodeSocket());
    aborted.link.send([frame(1_000_000)]);
    aborted.link.abort(new MeshError("closed", "a test"));
    aborted.socket.take();
    expect(sum(aborted.socket.sent)).toBe(131_072);
  });
});
