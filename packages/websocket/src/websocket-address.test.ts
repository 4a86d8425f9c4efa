import { describe, expect, it } from "vitest";
import { webSocketUrl } from "./websocket-address.ts";

describe("webSocketUrl()", () => {
  it.each([
    ["http://gateway.example", "ws://gateway.example/mesh"],
    ["https://gateway.example/", "wss://gateway.example/mesh"],
    ["http://127.0.0.1:8080", "ws://127.0.0.1:8080/mesh"],
    ["https://[::1]:8443/other?key=1", "wss://[::1]:8443/other?key=1"],
    ["http://a?key=1", "ws://a/mesh?key=1"],
    ["ws://gateway.example", "ws://gateway.example/"],
    ["wss://gateway.example:1/a/b", "wss://gateway.example:1/a/b"],
  ])("%s → %s", (address, url) => {
    expect(webSocketUrl(address)).toBe(url);
  });

  it.each([
    "",
    "http://",
    "http://a:0",
    "http://a:65536",
    "tcp://a:1",
    "http://u@a",
    "http://a/#b",
    "http://a b",
    "//a",
    "HTTP://a",
  ])("refuses %j, naming the argument, the rule and the value", (address) => {
    expect(() => webSocketUrl(address)).toThrow(TypeError);
    expect(() => webSocketUrl(address)).toThrow(/^address must be "http\(s\):/);
    expect(() => webSocketUrl(address)).toThrow(`got ${JSON.stringify(address)}`);
  });
});
