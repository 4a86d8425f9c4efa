import { connect, Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Link, OnLink } from "@chaski/core/link";
import { RecordingSink } from "@chaski/core/testing";
import { describe, expect, it, vi } from "vitest";
import { formatTcpAddress, parseTcpAddress } from "./tcp-address.ts";
import { tcpTransport } from "./tcp-transport.ts";
import { openSockets, turns } from "./testing/index.ts";

const never = new AbortController().signal;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** What is in use, garbage collected. */
function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The next link, with what it hears, and the callback that takes it. */
function nextLink(): [Promise<{ link: Link; sink: RecordingSink }>, OnLink] {
  let take: (taken: { link: Link; sink: RecordingSink }) => void;
  const taken = new Promise<{ link: Link; sink: RecordingSink }>((resolve) => (take = resolve));
  const onLink: OnLink = (link) => {
    const sink = new RecordingSink();
    take({ link, sink });
    return sink;
  };
  return [taken, onLink];
}

/** A listener whose accepted links are recorded, and a plain socket connected to it. */
async function attacked() {
  await turns();
  const before = openSockets();
  const accepted: { link: Link; sink: RecordingSink }[] = [];
  const listener = await tcpTransport().listen!("tcp://127.0.0.1:0", (link) => {
    const sink = new RecordingSink();
    accepted.push({ link, sink });
    return sink;
  });
  const { port } = parseTcpAddress(listener.address);
  const open = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: "127.0.0.1" }, () => resolve(socket));
      socket.on("error", () => {});
      socket.resume();
    });
  const gone = (socket: Socket): Promise<void> =>
    new Promise((resolve) => (socket.closed ? resolve() : socket.once("close", () => resolve())));
  return {
    address: listener.address,
    accepted,
    open,
    gone,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      await Promise.all(accepted.map(({ link }) => link.close()));
      await turns();
      expect(openSockets()).toBe(before);
    },
  };
}

describe("tcpTransport()", () => {
  it("refuses what is not an address of its own, naming the rule and the value", async () => {
    const transport = tcpTransport();
    const bad = [
      "",
      "tcp://",
      "tcp://a",
      "tcp://a:65536",
      "tcp://a:b",
      "tcp://::1:80",
      "tcp://a:1/x",
      "ws://a:1",
      "tcp://a b:1",
      "tcp://u@a:1",
    ];
    for (const address of bad) {
      expect(() => transport.checkAddress(address), address).toThrow(TypeError);
      expect(() => transport.checkAddress(address)).toThrow(`got ${JSON.stringify(address)}`);
    }
    for (const address of [
      "tcp://a:0",
      "tcp://a-b.example:65535",
      "tcp://10.0.0.1:1",
      "tcp://[::1]:8511",
      "tcp://[fe80::1%eth0]:1",
    ]) {
      transport.checkAddress(address);
      expect(formatTcpAddress(parseTcpAddress(address))).toBe(address);
    }
    expect(formatTcpAddress({ host: "::ffff:10.0.0.1", port: 1 })).toBe("tcp://10.0.0.1:1");
    await expect(transport.dial("tcp://127.0.0.1:0", () => expect.unreachable(), { signal: never })).rejects.toThrow(
      TypeError,
    );
  });

  it("listens on a free port and says which, and who is at each end", async () => {
    await using server = await attacked();
    expect(server.address).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
    const [dialled, onLink] = nextLink();
    await tcpTransport().dial(server.address, onLink, { signal: never });
    const { link } = await dialled;
    expect(link.remoteAddress).toBe(server.address);
    await link.close();
    expect(server.accepted[0]!.link.remoteAddress).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
  });

  it("fails to dial where nobody listens, and to listen where somebody does", async () => {
    const transport = tcpTransport();
    const server = await attacked();
    const { address } = server;
    await expect(transport.listen!(address, () => expect.unreachable())).rejects.toMatchObject({
      code: "listen-failed",
      message: `[listen-failed] ${address}: the port is in use; end what uses it, or choose another port (0 takes any free one)`,
      cause: { code: "EADDRINUSE" },
    });
    await expect(transport.listen!("tcp://192.0.2.1:0", () => expect.unreachable())).rejects.toMatchObject({
      code: "listen-failed",
      message: expect.stringContaining("tcp://192.0.2.1:0: this machine has no such address"),
      cause: { code: "EADDRNOTAVAIL" },
    });
    await server[Symbol.asyncDispose]();
    await expect(transport.dial(address, () => expect.unreachable(), { signal: never })).rejects.toMatchObject({
      code: "dial-failed",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("frees the port and keeps open links when the listener is disposed", async () => {
    const transport = tcpTransport();
    const [accepted, onAccepted] = nextLink();
    const listener = await transport.listen!("tcp://127.0.0.1:0", onAccepted);
    const [dialled, onDialled] = nextLink();
    await transport.dial(listener.address, onDialled, { signal: never });
    const { link } = await accepted;
    await listener[Symbol.asyncDispose]();
    const again = await transport.listen!(listener.address, () => expect.unreachable());
    await again[Symbol.asyncDispose]();
    link.send([Uint8Array.of(0, 0, 0, 8, 0xff, 0, 0, 0)]);
    const { sink } = await dialled;
    await sink.untilFrames(1);
    await link.close();
  });

  it("writes small packets of one tick together, and large parts as they are", async () => {
    await using server = await attacked();
    const written: Uint8Array[][] = [];
    const real = Socket.prototype.write;
    const write = vi.spyOn(Socket.prototype, "write").mockImplementation(function (
      this: Socket,
      ...parameters: unknown[]
    ) {
      written.at(-1)?.push(parameters[0] as Uint8Array);
      return (real as (...all: unknown[]) => boolean).apply(this, parameters);
    });
    try {
      const [dialled, onLink] = nextLink();
      await tcpTransport().dial(server.address, onLink, { signal: never });
      const { link } = await dialled;
      const small = Uint8Array.of(0, 0, 0, 9, 0xff, 0, 0, 0, 1);
      written.push([]);
      for (let count = 0; count < 100; count++) link.send([small]);
      await server.accepted[0]!.sink.untilFrames(100);
      expect(written[0]!.map((chunk) => chunk.byteLength)).toEqual([900]);

      const head = Uint8Array.of(0, 0x10, 0, 8, 0xff, 0, 0, 0);
      const payload = new Uint8Array(1024 * 1024).fill(7);
      written.push([]);
      link.send([small, head, payload]);
      const frames = await server.accepted[0]!.sink.untilFrames(102);
      expect(frames[101]!.byteLength).toBe(1024 * 1024 + 8);
      expect(written[1]!.map((chunk) => chunk.byteLength)).toEqual([17, 1024 * 1024]);
      expect(written[1]![1]).toBe(payload);
      await link.close();
    } finally {
      write.mockRestore();
    }
  });
});

describe("a TCP link given bad input", () => {
  it.each([
    ["an HTTP request", "malformed-frame", "looks like HTTP", Buffer.from("GET / HTTP/1.1\r\nhost: a\r\n\r\n")],
    ["a TLS hello", "malformed-frame", "looks like TLS", Buffer.from([0x16, 3, 1, 2, 0, 1])],
    ["a frame claiming 4 GiB", "too-large", "claims 4294967295 bytes", Buffer.alloc(4, 0xff)],
    ["a frame of no length", "malformed-frame", "shorter than its head", Buffer.alloc(40)],
    ["random bytes", "too-large", "claims", Buffer.from("9e3779b97f4a7c15f39cc0605cedc834", "hex")],
  ])("ends with a reason at once: %s", async (_what, code, words, bytes) => {
    await using server = await attacked();
    const socket = await server.open();
    socket.write(bytes);
    await server.gone(socket);
    const { sink } = server.accepted[0]!;
    expect(await sink.closed).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(sink.packets).toEqual([]);
  });

  it("calls the end of the stream inside a frame malformed, at any byte of it", async () => {
    await using server = await attacked();
    for (const bytes of [1, 3, 4, 7, 8, 11]) {
      const socket = await server.open();
      socket.end(Buffer.from([0, 0, 0, 12, 0xff, 0, 0, 0, 1, 2, 3, 4]).subarray(0, bytes));
      await server.gone(socket);
      expect(await server.accepted.at(-1)!.sink.closed).toMatchObject({
        code: "malformed-frame",
        message: expect.stringContaining(`ended inside a frame, after ${bytes} bytes`),
      });
    }
  });

  it("calls the end of the stream between frames agreed, and a reset a lost link", async () => {
    await using server = await attacked();
    const polite = await server.open();
    polite.end(Buffer.from([0, 0, 0, 8, 0xff, 0, 0, 0]));
    await server.gone(polite);
    expect(await server.accepted[0]!.sink.closed).toBeUndefined();
    const rude = await server.open();
    rude.resetAndDestroy();
    await server.gone(rude);
    expect(await server.accepted[1]!.sink.closed).toMatchObject({ code: "link-lost", cause: { code: "ECONNRESET" } });
  });

  it("survives a thousand of them with no socket left and its memory as before", { timeout: 30_000 }, async () => {
    await using server = await attacked();
    const attack = async (round: number): Promise<void> => {
      const socket = await server.open();
      if (round % 4 === 0) socket.write("POST / HTTP/1.1\r\n\r\n");
      else if (round % 4 === 1) socket.write(Buffer.alloc(64 * 1024, 0xee));
      else if (round % 4 === 2) socket.end(Buffer.from([0, 0x7f, 0xff, 0xff, 1, 2, 3]));
      else socket.resetAndDestroy();
      await server.gone(socket);
      await server.accepted.at(-1)?.sink.closed;
      server.accepted.length = 0;
    };
    const rounds = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at += 20)
        await Promise.all(Array.from({ length: 20 }, (_, index) => attack(at + index)));
    };
    await rounds(200);
    const before = usedBytes();
    await rounds(1_000);
    expect(usedBytes() - before).toBeLessThan(2 * 1024 * 1024);
  });
});
