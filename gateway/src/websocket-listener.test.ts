import { connect, type Socket } from "node:net";
import type { Link } from "@chaski/core/link";
import { RecordingSink } from "@chaski/core/testing";
import { webSocketTransport } from "@chaski/node-transport";
import { openSockets, turns } from "@chaski/node-transport/testing";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { endpoint } from "./websocket.fixture.ts";
import type { WebSocketListenerOptions } from "./websocket-listener.ts";

const never = new AbortController().signal;
const FRAME = Uint8Array.of(0, 0, 0, 8, 0xff, 0, 0, 0);

/** An endpoint that asserts, when disposed, that no socket is left. */
async function clean(options?: WebSocketListenerOptions) {
  await turns();
  const before = openSockets();
  const far = await endpoint(options);
  const gone: Promise<unknown>[] = [];
  return {
    ...far,
    /** A WebSocket that has not gone through our code. */
    open(protocol = "chaski.v0", headers: Record<string, string> = {}): Promise<WebSocket> {
      const socket = new WebSocket(`ws://127.0.0.1:${far.port}/mesh`, protocol, { headers });
      gone.push(new Promise((resolve) => socket.once("close", resolve)));
      return new Promise((resolve, reject) => socket.once("open", () => resolve(socket)).on("error", reject));
    },
    /** A plain connection. */
    raw(): Promise<Socket> {
      return new Promise((resolve) => {
        const socket = connect({ port: far.port, host: "127.0.0.1" }, () => resolve(socket));
        gone.push(new Promise((done) => socket.once("close", done)));
        socket.on("error", () => {});
      });
    },
    async dial(): Promise<{ link: Link; sink: RecordingSink }> {
      const sink = new RecordingSink();
      let link: Link | undefined;
      const onLink = (opened: Link): RecordingSink => {
        link = opened;
        return sink;
      };
      await webSocketTransport().dial(`http://127.0.0.1:${far.port}`, onLink, { signal: never });
      return { link: link!, sink };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(gone);
      await far[Symbol.asyncDispose]();
      await turns();
      expect(openSockets()).toBe(before);
    },
  };
}

describe("WebSocketListener", () => {
  it("says who is at each end and counts connections", async () => {
    await using far = await clean();
    const { link } = await far.dial();
    const accepted = await far.acceptedAt(0);
    expect(link.remoteAddress).toBe(`ws://127.0.0.1:${far.port}/mesh`);
    expect(accepted.link.remoteAddress).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
    expect(far.listener.connections).toBe(1);
    await link.close();
    await accepted.sink.closed;
  });

  it("refuses another subprotocol, what is not allowed, and one connection too many", async () => {
    const refused: string[] = [];
    await using far = await clean({
      maxLinks: 1,
      allow: ({ headers }) => headers.origin !== "http://evil.example",
      onRefused: (_request, reason) => refused.push(reason),
    });
    await expect(far.open("other.v1")).rejects.toThrow("400");
    await expect(far.open("chaski.v0", { origin: "http://evil.example" })).rejects.toThrow("403");
    const { link } = await far.dial();
    await expect(far.open()).rejects.toThrow("503");
    await expect(far.dial()).rejects.toMatchObject({ code: "dial-failed", message: expect.stringContaining("503") });
    await link.close();
    expect(refused).toEqual([
      "the subprotocol chaski.v0 was not offered",
      "pages from http://evil.example may not open a WebSocket here",
      "1 connections are open already",
      "1 connections are open already",
    ]);
  });

  it("takes channels of a WebSocket that tabs share, and counts each", async () => {
    await using far = await clean({ maxLinks: 3 });
    const socket = await far.open("chaski.channels.v0");
    const answers: string[] = [];
    const answered = new Promise<void>((resolve) =>
      socket.on("message", (data: Buffer) => answers.push(data.toString("hex", 0, 5)) === 3 && resolve()),
    );
    for (const channel of [1, 2, 3]) socket.send(Uint8Array.of(0, 0, 0, channel, 0));
    socket.send(Uint8Array.of(0, 0, 0, 1, 2, ...FRAME));
    await answered;
    expect(answers).toEqual(["0000000101", "0000000201", "0000000305"]);
    const { link, sink } = await far.acceptedAt(0);
    expect([(await sink.untilFrames(1)).length, far.listener.connections]).toEqual([1, 3]);
    expect(link.remoteAddress).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/1$/);
    socket.terminate();
    expect(await sink.closed).toMatchObject({ code: "link-lost" });
  });

  it("answers nonsense in the upgrade and goes on", async () => {
    await using far = await clean();
    const socket = await far.raw();
    socket.write(
      "GET /mesh HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: chaski.v0\r\n\r\n",
    );
    const answer = await new Promise<string>((resolve) =>
      socket.once("data", (bytes) => resolve(bytes.toString("latin1"))),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    const { link } = await far.dial();
    await link.close();
  });

  it("cuts large parts into messages of at most 64 KiB and joins small ones of a tick", async () => {
    await using far = await clean();
    const socket = await far.open();
    const { link } = await far.acceptedAt(0);
    const sizes: number[] = [];
    const received = new Promise<void>((resolve) => {
      socket.on("message", (data: Buffer) => {
        sizes.push(data.byteLength);
        if (sizes.length === 5) resolve();
      });
    });
    for (let count = 0; count < 50; count++) link.send([FRAME]);
    const head = Uint8Array.of(0, 2, 0x80, 8, 0xff, 0, 0, 0);
    link.send([head, new Uint8Array(2.5 * 64 * 1024)]);
    link.send([FRAME]);
    await received;
    expect(sizes).toEqual([51 * 8, 64 * 1024, 64 * 1024, 32 * 1024, 8]);
    socket.close();
  });
});

describe("a WebSocket link given bad input", () => {
  it.each([
    ["a text message", "malformed-frame", "a text message", (socket: WebSocket) => socket.send("hello")],
    [
      "a frame claiming 4 GiB",
      "too-large",
      "claims 4294967295",
      (socket: WebSocket) => socket.send(Buffer.alloc(4, 0xff)),
    ],
    [
      "a frame of no length",
      "malformed-frame",
      "shorter than its head",
      (socket: WebSocket) => socket.send(Buffer.alloc(9)),
    ],
    [
      "HTTP",
      "malformed-frame",
      "looks like HTTP",
      (socket: WebSocket) => socket.send(Buffer.from("GET / HTTP/1.1\r\n")),
    ],
    [
      "a message above 1 MiB",
      "too-large",
      "Max payload",
      (socket: WebSocket) => socket.send(Buffer.alloc(1024 * 1024 + 1)),
    ],
    [
      "an end inside a frame",
      "malformed-frame",
      "inside a frame, after 7",
      (socket: WebSocket) => {
        socket.send(FRAME.subarray(0, 7));
        socket.close(1000);
      },
    ],
    ["an end with another code", "link-lost", "code 1001", (socket: WebSocket) => socket.close(1001)],
    ["a connection that ends without a word", "link-lost", "code 1006", (socket: WebSocket) => socket.terminate()],
  ])("ends with a reason: %s", async (_what, code, words, attack) => {
    await using far = await clean();
    const socket = await far.open();
    attack(socket);
    const { sink } = await far.acceptedAt(0);
    expect(await sink.closed).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(sink.packets).toEqual([]);
  });

  it("ends with a reason when the WebSocket protocol itself is broken", async () => {
    await using far = await clean();
    const socket = await far.raw();
    socket.write(
      "GET /mesh HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: chaski.v0\r\n\r\n",
    );
    const { sink } = await far.acceptedAt(0);
    socket.write(Buffer.from("9e3779b97f4a7c15f39cc0605cedc834", "hex"));
    expect(await sink.closed).toMatchObject({ code: "malformed-frame" });
    socket.destroy();
  });

  it("keeps the other links going", async () => {
    await using far = await clean();
    const { link, sink } = await far.dial();
    const good = await far.acceptedAt(0);
    for (let count = 1; count <= 20; count++) {
      const socket = await far.open();
      socket.send(Buffer.alloc(64, 0xee));
      expect(await (await far.acceptedAt(count)).sink.closed).toMatchObject({ code: "too-large" });
      good.link.send([FRAME]);
      await sink.untilFrames(count);
    }
    await link.close();
  });
});
