import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "./http.fixture.ts";
import { staticFiles } from "./static-files.ts";

let above: string;
let folder: string;
let server: Server;
let url: string;

beforeAll(async () => {
  above = mkdtempSync(join(tmpdir(), "chaski-static-"));
  folder = join(above, "site");
  for (const name of ["assets", ".git", ".well-known"]) mkdirSync(join(folder, name), { recursive: true });
  const files = {
    "index.html": "<h1>here</h1>",
    "digits.txt": "0123456789",
    "assets/index-B3xk90Lq.js": "1;",
    "assets/report-20250131.pdf": "2",
    ".env": "secret",
    ".git/config": "secret",
    ".well-known/security.txt": "contact",
    "../beside.txt": "secret",
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const serve = staticFiles(folder);
  server = createServer((request, response) => serve(request, response, () => response.writeHead(404).end()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(above, { recursive: true });
});

describe("staticFiles()", () => {
  it("serves a folder's index and has it revalidated", async () => {
    const { status, text, headers } = await ask(url, "/");
    expect([status, text]).toEqual([200, "<h1>here</h1>"]);
    expect(headers).toMatchObject({
      "content-type": "text/html;charset=utf-8",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    });
    const again = await ask(url, "/", { headers: { "If-None-Match": headers.etag! } });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  it("lets a file named by its content be kept for a year, and no other", async () => {
    const hashed = await ask(url, "/assets/index-B3xk90Lq.js");
    expect(hashed.headers["cache-control"]).toBe("public,max-age=31536000,immutable");
    const dated = await ask(url, "/assets/report-20250131.pdf");
    expect(dated.headers["cache-control"]).toBe("no-cache");
  });

  it("sees a file that was replaced meanwhile", async () => {
    writeFileSync(join(folder, "changing.txt"), "one");
    const before = await ask(url, "/changing.txt");
    writeFileSync(join(folder, "changing.txt"), "number two");
    const after = await ask(url, "/changing.txt", { headers: { "If-None-Match": before.headers.etag! } });
    expect([after.status, after.text]).toEqual([200, "number two"]);
  });

  it.each([
    ["a dotfile", "/.env"],
    ["a dotfile, encoded", "/%2eenv"],
    ["a folder that begins with a dot", "/.git/config"],
    ["what is above", "/../beside.txt"],
    ["what is above, encoded", "/%2e%2e/beside.txt"],
    ["what is above, with the slash encoded", "/..%2fbeside.txt"],
    ["what is above, in the manner of Windows", "/..%5cbeside.txt"],
    ["a name with a zero", "/index.html%00.txt"],
    ["a broken escape", "/%zz"],
    ["what is not there", "/nothing.txt"],
  ])("has no %s", async (_case, path) => {
    expect((await ask(url, path)).status).toBe(404);
  });

  it("serves .well-known", async () => {
    expect((await ask(url, "/.well-known/security.txt")).text).toBe("contact");
  });

  it.each([
    ["bytes=2-4", 206, "234"],
    ["bytes=7-", 206, "789"],
    ["bytes=5-2", 200, "0123456789"],
    ["bytes=-3", 200, "0123456789"],
    ["bytes=a-b", 200, "0123456789"],
    ["bytes=99-", 416, ""],
  ])("answers the range %s with %i", async (range, status, text) => {
    const answer = await ask(url, "/digits.txt", { headers: { Range: range } });
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  it.runIf(process.platform === "linux")("survives a file that cannot be read", async () => {
    symlinkSync("/proc/self/mem", join(folder, "unreadable.txt"));
    await expect(ask(url, "/unreadable.txt")).rejects.toThrow();
    expect((await ask(url, "/")).status).toBe(200);
  });
});
