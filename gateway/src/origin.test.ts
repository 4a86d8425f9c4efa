import { describe, expect, it } from "vitest";
import { isOrigin, isOriginAllowed } from "./origin.ts";

describe("isOriginAllowed()", () => {
  it.each([
    ["no Origin: not a page", undefined, "lab.example", true],
    ["the same host", "http://lab.example", "lab.example", true],
    ["the same host in other letters", "http://lab.example", "LAB.example", true],
    ["the same host and port", "http://127.0.0.1:8080", "127.0.0.1:8080", true],
    ["the default port, said", "https://lab.example", "lab.example:443", true],
    ["IPv6", "http://[::1]:8080", "[::1]:8080", true],
    ["behind a proxy that took the TLS off", "https://lab.example", "lab.example", true],
    ["another host", "http://evil.example", "lab.example", false],
    ["another port", "http://127.0.0.1:8081", "127.0.0.1:8080", false],
    ["a host that begins alike", "http://lab.example.evil.example", "lab.example", false],
    ["a sandboxed frame or a file", "null", "lab.example", false],
    ["nonsense", "lab.example", "lab.example", false],
    ["a scheme without a host", "file:///tmp/x", "", false],
    ["no Host", "http://lab.example", undefined, false],
    ["a Host that is none", "http://lab.example", "x@lab.example", false],
  ])("%s", (_case, origin, host, expected) => {
    expect(isOriginAllowed({ origin, host }, undefined, [])).toBe(expected);
  });

  it("refuses a page that came without TLS where TLS is known", () => {
    expect(isOriginAllowed({ origin: "http://lab.example", host: "lab.example" }, true, [])).toBe(false);
    expect(isOriginAllowed({ origin: "https://lab.example", host: "lab.example" }, true, [])).toBe(true);
  });

  it("takes what is listed, and everything only when * is", () => {
    const request = { origin: "https://app.example", host: "lab.example" };
    expect(isOriginAllowed(request, undefined, ["https://other.example"])).toBe(false);
    expect(isOriginAllowed(request, undefined, ["https://other.example", "https://app.example"])).toBe(true);
    expect(isOriginAllowed(request, undefined, ["*"])).toBe(true);
    expect(isOriginAllowed({ ...request, origin: "null" }, undefined, ["*"])).toBe(true);
  });
});

describe("isOrigin()", () => {
  it.each([
    ["https://lab.example", true],
    ["http://127.0.0.1:8080", true],
    ["null", true],
    ["https://lab.example/", false],
    ["https://lab.example:443", false],
    ["https://LAB.example", false],
    ["lab.example", false],
    ["", false],
  ])("%j is %s", (value, expected) => {
    expect(isOrigin(value)).toBe(expected);
  });
});
