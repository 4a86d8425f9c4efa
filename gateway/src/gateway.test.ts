import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createGateway } from "./create-gateway.ts";
import { nextEvent, numbers, Received, testGateway, testLeaf, testPeer } from "./gateway.fixture.ts";
import { ask, connectTo, readToEnd } from "./http.fixture.ts";

describe("createGateway()", () => {
  it("carries topics both ways between a WebSocket leaf and a TCP peer two hops away", async () => {
    const peer = await testPeer();
    const gateway = await testGateway({ join: [...peer.addresses] });
    const leaf = await testLeaf(gateway.url);
    const atLeaf = new Received<number>(leaf, "down/*");
    const atPeer = new Received<number>(peer, "up/**");
    await Promise.all([atLeaf.ready, atPeer.ready, peer.waitForSubscribers("down/x"), leaf.waitForSubscribers("up/x")]);
    for (const number of numbers(1_000)) {
      await peer.publish("down/x", number);
      await leaf.publish("up/x", number);
    }
    await Promise.all([atLeaf.until(1_000), atPeer.until(1_000)]);
    expect([atLeaf.data, atPeer.data]).toEqual([numbers(1_000), numbers(1_000)]);
    expect([atLeaf.gaps, atPeer.gaps]).toEqual([[], []]);
    expect(leaf.edges).toMatchObject([{ transport: "ws", address: gateway.url }]);
    expect(gateway.node.edges.map(({ peer: { role }, transport }) => [role, transport]).sort()).toEqual([
      ["leaf", "ws"],
      ["peer", "tcp"],
    ]);
  });

  it("carries calls both ways", async () => {
    const peer = await testPeer({ name: "calculator" });
    const gateway = await testGateway({ join: [...peer.addresses] });
    const leaf = await testLeaf(gateway.url);
    peer.expose("calculator", {
      add: (a: number, b: number) => a + b,
      fail: () => Promise.reject(new RangeError("no")),
    });
    leaf.expose("page", { showNotice: (text: string) => `shown: ${text}` });
    await leaf.ready();
    const calculator = leaf.remote<{ add(a: number, b: number): number; fail(): never }>("calculator");
    await expect.poll(() => calculator.add(2, 3)).toBe(5);
    await expect(calculator.fail()).rejects.toMatchObject({ code: "remote-error", remote: { name: "RangeError" } });
    await expect.poll(() => peer.services().map(({ service }) => service)).toContain("page");
    const page = peer.remote<{ showNotice(text: string): string }>("page");
    expect(await page.showNotice("hello")).toBe("shown: hello");
  });

  it("tells its health as the mesh comes and goes", async () => {
    const peer = await testPeer();
    const gateway = await testGateway({ join: [...peer.addresses] });
    await gateway.node.ready();
    const leaf = await testLeaf(gateway.url);
    await leaf.ready();
    const { status, text } = await ask(gateway.url, "/health");
    expect([status, JSON.parse(text)]).toEqual([200, { status: "online", edges: 1, leaves: 1 }]);
    const lost = nextEvent(gateway.node, "edgeclose");
    await peer.close();
    await lost;
    await leaf.close();
    await expect.poll(() => gateway.health()).toEqual({ status: "offline", edges: 0, leaves: 0 });
    expect((await ask(gateway.url, "/health")).status).toBe(503);
  });

  it("writes one line for what happens: an edge that opens and closes, a peer that cannot be reached", async () => {
    const gateway = await testGateway({ join: ["tcp://127.0.0.1:1"] });
    const leaf = await testLeaf(gateway.url);
    const opened = nextEvent(gateway.node, "edgeopen");
    await expect.poll(() => leaf.edges.length).toBe(1);
    await opened;
    const closed = nextEvent(gateway.node, "edgeclose");
    await leaf.close();
    await closed;
    const lines = gateway.logged.filter(({ event }) => event.startsWith("edge"));
    expect(lines.map(({ level, event, fields }) => [level, event, fields.peer])).toEqual([
      ["info", "edge open", leaf.id],
      ["info", "edge closed", leaf.id],
    ]);
    await expect
      .poll(() => gateway.logged.find(({ event }) => event === "dial failed"))
      .toMatchObject({ level: "warn", fields: { address: "tcp://127.0.0.1:1", code: "dial-failed" } });
  });

  it("lets in pages from its own host and from those listed, and no other page", async () => {
    const gateway = await testGateway({ allowOrigins: ["https://lab.example"] });
    const dial = (origin?: string) => opened(new WebSocket(gateway.address, "chaski.v0", origin ? { origin } : {}));
    expect(await dial()).toBe("open");
    expect(await dial(gateway.url)).toBe("open");
    expect(await dial("https://lab.example")).toBe("open");
    expect(await dial("https://evil.example")).toBe("Unexpected server response: 403");
    expect(await dial("null")).toBe("Unexpected server response: 403");
    expect(gateway.logged.filter(({ event }) => event === "WebSocket refused")).toMatchObject([
      { level: "warn", fields: { origin: "https://evil.example", from: "127.0.0.1" } },
      { level: "warn", fields: { origin: "null" } },
    ]);
    const open = await testGateway({ allowOrigins: ["*"] });
    expect(await opened(new WebSocket(open.address, "chaski.v0", { origin: "https://evil.example" }))).toBe("open");
  });

  it("attaches to a server under a path and touches nothing else of it", async () => {
    const server = createServer((request, response) => response.end(`mine: ${request.url}`));
    const chat = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      if (request.url === "/chat") chat.handleUpgrade(request, socket, head, (webSocket) => webSocket.send("hello"));
    });
    const gateway = await testGateway({ server, path: "/chaski" });
    expect(() => gateway.url).toThrow("url is known when the given server listens on a port, but it has none yet");
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    expect(gateway.address).toBe(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/chaski`);

    const leaf = await testLeaf(gateway.address);
    await leaf.ready();
    expect(gateway.health()).toEqual({ status: "online", edges: 0, leaves: 1 });
    expect((await ask(gateway.url, "/health")).text).toBe("mine: /health");
    const other = new WebSocket(`${gateway.url}/chat`);
    expect(String((await once(other, "message"))[0])).toBe("hello");

    const closed = nextEvent(leaf, "edgeclose");
    await gateway.close();
    expect((await closed).error).toMatchObject({ code: "draining" });
    expect((await ask(gateway.url, "/still")).text).toBe("mine: /still");
    expect(other.readyState).toBe(WebSocket.OPEN);
    other.close();
    await once(other, "close");
    expect(server.listenerCount("upgrade")).toBe(1);
  });

  it("answers an upgrade elsewhere as if none was asked for, and keeps nothing of it", async () => {
    const gateway = await testGateway();
    const socket = await connectTo(gateway.url);
    socket.write("GET /health HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    expect(await readToEnd(socket)).toMatch(/ 200 OK.*"leaves":0/s);
  });

  it("serves IPv6", async () => {
    const gateway = await testGateway({ http: { host: "::1", port: 0 } });
    expect(gateway.address).toMatch(/^ws:\/\/\[::1\]:\d+\/mesh$/);
    const leaf = await testLeaf(gateway.url);
    await leaf.ready();
    expect((await ask(gateway.url, "/health")).text).toContain('"leaves":1');
    expect(await opened(new WebSocket(gateway.address, "chaski.v0", { origin: gateway.url }))).toBe("open");
  });

  it("says what to do when its port is in use, and leaves nothing behind", async () => {
    const first = await testGateway();
    const port = Number(new URL(first.url).port);
    const tcp = createTcpServer().listen(0, "127.0.0.1");
    await once(tcp, "listening");
    const free = (tcp.address() as AddressInfo).port;
    await new Promise((resolve) => tcp.close(resolve));
    const listen = [`tcp://127.0.0.1:${free}`];
    await expect(createGateway({ http: { port }, listen })).rejects.toMatchObject({
      code: "listen-failed",
      message: expect.stringContaining("the port is in use; end what uses it, or choose another port"),
    });
    await testGateway({ listen });
  });

  it("closes once, whoever asks, and accepts nothing afterwards", async () => {
    const gateway = await testGateway();
    const leaf = await testLeaf(gateway.url);
    await leaf.ready();
    await Promise.all([gateway.close(), gateway.close({ timeoutMs: 10 }), gateway[Symbol.asyncDispose]()]);
    expect(gateway.health()).toEqual({ status: "closing", edges: 0, leaves: 0 });
    await expect(ask(gateway.url, "/health")).rejects.toThrow("ECONNREFUSED");
    expect(() => gateway.close({ timeoutMs: -1 })).toThrow(
      new RangeError("timeoutMs must be a number from 0 to 3600000, got -1"),
    );
  });

  it.each<[string, object, string]>([
    ["an unknown option", { htttp: {} }, 'createGateway has no option "htttp"; it has name, mesh,'],
    ["an unknown option of http", { http: { prot: 1 } }, 'http has no option "prot"; it has host, port'],
    ["http with server", { http: {}, server: createServer() }, "http and server exclude each other, got both"],
    [
      "files with server",
      { static: ".", server: createServer() },
      'static must not be given with server, which serves files itself, got "."',
    ],
    ["a server that is none", { server: 8080 }, "server must be an HTTP server of Node, got 8080"],
    ["a port that is none", { http: { port: 65_536 } }, "http.port must be a whole number from 0 to 65535, got 65536"],
    [
      "a host that is none",
      { http: { host: "http://x" } },
      'http.host must be an address or name of this machine, got "http://x"',
    ],
    [
      "a path without its slash",
      { path: "mesh" },
      'path must begin with / and be no /health, as in "/mesh", got "mesh"',
    ],
    ["the path of health", { path: "/health" }, 'got "/health"'],
    [
      "a folder that is not there",
      { static: "/nowhere/at/all" },
      'static must be a folder that exists, got "/nowhere/at/all"',
    ],
    [
      "an origin with a path",
      { allowOrigins: ["https://lab.example/x"] },
      'allowOrigins must be origins as browsers write them, such as "https://lab.example", or "*", got "https://lab.example/x"',
    ],
    ["origins that are no list", { allowOrigins: "*" }, 'allowOrigins must be a list of origins, got "*"'],
    ["an address that is none", { join: ["lab.example"] }, "join must be an address with one of the schemes tcp"],
    ["no object", "lab" as never, 'the options of createGateway must be an object, got "lab"'],
  ])("refuses %s", async (_case, options, message) => {
    await expect(createGateway(options)).rejects.toThrow(message);
    await expect(createGateway(options)).rejects.toSatisfy(
      (error) => error instanceof TypeError || error instanceof RangeError,
    );
  });
});

describe("a gateway that is restarted on its port", () => {
  it("gets its leaves back by themselves, with nothing lost, doubled or out of order", async () => {
    const peer = await testPeer();
    const join = [...peer.addresses];
    let gateway = await testGateway({ join });
    const leaf = await testLeaf(gateway.url);
    const atLeaf = new Received<number>(leaf, "down");
    const atPeer = new Received<number>(peer, "up");
    await Promise.all([atLeaf.ready, atPeer.ready, leaf.waitForSubscribers("up"), peer.waitForSubscribers("down")]);
    let next = 0;
    const publishSome = async (): Promise<void> => {
      for (let count = 0; count < 20; count++, next++) {
        await Promise.all([peer.publish("down", next), leaf.publish("up", next)]);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    for (let round = 0; round < 3; round++) {
      await publishSome();
      const port = Number(new URL(gateway.url).port);
      await Promise.all([gateway.close(), publishSome()]);
      await publishSome();
      const back = nextEvent(leaf, "connection", ({ state }) => state === "online");
      gateway = await testGateway({ join, http: { port } });
      await Promise.all([back, publishSome()]);
      await Promise.all([atLeaf.until(next), atPeer.until(next)]);
    }
    expect([atLeaf.data, atPeer.data]).toEqual([numbers(next), numbers(next)]);
    expect([atLeaf.gaps, atPeer.gaps]).toEqual([[], []]);
  });
});

/** "open", or why not. */
function opened(webSocket: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    webSocket.on("error", ({ message }) => resolve(message));
    webSocket.on("open", () => {
      resolve("open");
      webSocket.terminate();
    });
  });
}
