import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ask, connectTo, readToEnd } from "./http.fixture.ts";
import { takeUpgrades } from "./upgrades.ts";

let server: Server;
let url: string;

beforeEach(async () => {
  server = createServer((request, response) => response.end(`page ${request.url}`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const says = (word: string) => (_request: unknown, socket: Duplex) => {
  socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${word}`);
};

/** Ask for an upgrade; all that comes back. */
async function upgrade(path: string, head = ""): Promise<string> {
  const socket = await connectTo(url);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${head}\r\n`);
  return readToEnd(socket);
}

describe("takeUpgrades()", () => {
  it("takes its path, with any query, and no other", async () => {
    using _ours = takeUpgrades(server, "/mesh", says("ours"));
    expect(await upgrade("/mesh")).toMatch(/ 101 .*ours$/s);
    expect(await upgrade("/mesh?x=1")).toMatch(/ours$/);
    expect(await upgrade("/mesh/")).not.toMatch(/ours/);
  });

  it("leaves other upgrades to the server's other listeners", async () => {
    using _ours = takeUpgrades(server, "/mesh", says("ours"));
    server.on("upgrade", (request, socket) => request.url === "/chat" && says("chat")(request, socket));
    expect(await upgrade("/chat")).toMatch(/chat$/);
    expect(await upgrade("/mesh")).toMatch(/ours$/);
  });

  it("lets a server without other listeners answer as if no upgrade was asked for", async () => {
    expect(await upgrade("/other", "Connection: close\r\n")).toMatch(/ 200 OK.*page \/other/s);
    using _ours = takeUpgrades(server, "/mesh", says("ours"));
    expect(await upgrade("/other")).toMatch(/ 200 OK.*page \/other/s);
    expect((await ask(url, "/mesh")).text).toBe("page /mesh");
  });

  it("refuses a body that it cannot read any more", async () => {
    using _ours = takeUpgrades(server, "/mesh", says("ours"));
    expect(await upgrade("/other", "Content-Length: 2\r\n")).toMatch(/ 400 Bad Request/);
  });

  it("serves several paths of one server, each once, until disposed", async () => {
    const one = takeUpgrades(server, "/one", says("first"));
    using _two = takeUpgrades(server, "/two", says("second"));
    expect(() => takeUpgrades(server, "/one", says("third"))).toThrow(
      'path must be free on the given server; a gateway has "/one" already',
    );
    expect(await upgrade("/two")).toMatch(/second$/);
    one[Symbol.dispose]();
    expect(await upgrade("/one")).toMatch(/page \/one/);
    using _again = takeUpgrades(server, "/one", says("again"));
    expect(await upgrade("/one")).toMatch(/again$/);
  });

  it("leaves no listener behind", () => {
    takeUpgrades(server, "/mesh", says("ours"))[Symbol.dispose]();
    expect(server.listenerCount("upgrade")).toBe(0);
  });
});
