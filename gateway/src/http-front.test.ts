import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, onTestFinished } from "vitest";
import { ask, connectTo, readToEnd } from "./http.fixture.ts";
import { type Health, HttpFront, type HttpFrontOptions, urlOf } from "./http-front.ts";

const folder = mkdtempSync(join(tmpdir(), "chaski-front-"));
writeFileSync(join(folder, "index.html"), "<h1>here</h1>");
writeFileSync(join(folder, "big.bin"), new Uint8Array(64 * 1024 * 1024));
afterAll(() => rmSync(folder, { recursive: true }));

const fronts: HttpFront[] = [];
afterEach(async () => {
  for (const front of fronts.splice(0)) {
    front.stop();
    await front.ended(0);
  }
});

async function start(options: Partial<HttpFrontOptions> = {}) {
  const logged: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const front = new HttpFront({
    host: "127.0.0.1",
    port: 0,
    path: "/mesh",
    static: folder,
    logger: { log: (_level, event, fields) => logged.push({ event, fields }) },
    health: () => ({ status: "online", edges: 2, leaves: 1 }),
    ...options,
  });
  fronts.push(front);
  await front.listen();
  return { front, url: front.url, logged };
}

const openConnections = (front: HttpFront): Promise<number> =>
  new Promise((resolve) => front.server.getConnections((_error, count) => resolve(count)));

describe("HttpFront", () => {
  it("answers /health with 200 while the node is of use, else with 503", async () => {
    let health: Health = { status: "online", edges: 2, leaves: 1 };
    const { url } = await start({ health: () => health });
    const { status, headers, text } = await ask(url, "/health");
    expect([status, JSON.parse(text)]).toEqual([200, { status: "online", edges: 2, leaves: 1 }]);
    expect(headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
    for (const [state, expected] of [
      ["degraded", 200],
      ["connecting", 503],
      ["offline", 503],
      ["closing", 503],
    ] as const) {
      health = { ...health, status: state };
      expect((await ask(url, "/health")).status).toBe(expected);
    }
    expect((await ask(url, "/health", { method: "HEAD" })).text).toBe("");
  });

  it("serves files, says what the WebSocket endpoint is, and takes no other method", async () => {
    const { url } = await start();
    expect((await ask(url, "/")).text).toBe("<h1>here</h1>");
    expect((await ask(url, "/mesh")).status).toBe(426);
    expect((await ask(url, "/missing")).status).toBe(404);
    const posted = await ask(url, "/health", { method: "POST" });
    expect([posted.status, posted.headers.allow]).toEqual([405, "GET, HEAD"]);
  });

  it("says nothing here when it has no files", async () => {
    const { url } = await start({ static: undefined });
    expect((await ask(url, "/")).status).toBe(404);
  });

  it("says what to do when the port is in use, or the address is not of this machine", async () => {
    const { url } = await start();
    await expect(start({ port: Number(new URL(url).port) })).rejects.toMatchObject({
      code: "listen-failed",
      message: `[listen-failed] ${url}: the port is in use; end what uses it, or choose another port (0 takes any free one)`,
    });
    await expect(start({ host: "192.0.2.1" })).rejects.toMatchObject({
      code: "listen-failed",
      message: expect.stringContaining("this machine has no such address"),
    });
  });

  it("closes a connection of random bytes, and one that says nothing, within 5 s and says so", async () => {
    const { url, logged } = await start();
    const random = await connectTo(url);
    random.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    expect(await readToEnd(random)).toMatch(/^HTTP\/1.1 400 /);
    const startedMs = performance.now();
    const mute = await connectTo(url);
    const slow = await connectTo(url);
    slow.write("GET / HTTP/1.1\r\nHo");
    await Promise.all([readToEnd(mute), readToEnd(slow)]);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(logged.map(({ event, fields }) => [event, fields.code])).toEqual([
      ["bad request", "HPE_INVALID_METHOD"],
      ["bad request", "ERR_HTTP_REQUEST_TIMEOUT"],
      ["bad request", "ERR_HTTP_REQUEST_TIMEOUT"],
    ]);
  });

  it("ends kept connections and unused ones at once, an answer under way when it is over", async () => {
    const { front, url } = await start();
    const kept = await connectTo(url);
    kept.write("GET /health HTTP/1.1\r\nHost: here\r\n\r\n");
    await once(kept, "readable");
    const unused = await connectTo(url);
    const busy = await connectTo(url);
    busy.write("GET /big.bin HTTP/1.1\r\nHost: here\r\n\r\n");
    await once(busy, "readable");

    front.stop();
    const ended = front.ended(10_000);
    await Promise.all([readToEnd(kept), readToEnd(unused)]);
    expect((await readToEnd(busy)).length).toBeGreaterThan(64 * 1024 * 1024);
    await ended;
    expect(await openConnections(front)).toBe(0);
  });

  it("ends a connection on which nothing moves any more, such as an answer that nobody takes", async () => {
    const { front, url } = await start({ idleMs: 100 });
    const stuck = await connectTo(url);
    onTestFinished(() => void stuck.destroy());
    stuck.write("GET /big.bin HTTP/1.1\r\nHost: here\r\n\r\n");
    await expect.poll(() => openConnections(front)).toBe(0);
  });

  it("ends an answer that nobody takes when its time is up", async () => {
    const { front, url } = await start();
    const stuck = await connectTo(url);
    onTestFinished(() => void stuck.destroy());
    stuck.write("GET /big.bin HTTP/1.1\r\nHost: here\r\n\r\n");
    await once(stuck, "readable");
    front.stop();
    await front.ended(50);
    expect(await openConnections(front)).toBe(0);
  });
});

describe("urlOf()", () => {
  it.each([
    ["127.0.0.1", "http://127.0.0.1:8080"],
    ["lab.example", "http://lab.example:8080"],
    ["::1", "http://[::1]:8080"],
    ["0.0.0.0", "http://127.0.0.1:8080"],
    ["::", "http://[::1]:8080"],
  ])("of %s is %s", (host, url) => {
    expect(urlOf("http", host, 8080)).toBe(url);
  });
});
