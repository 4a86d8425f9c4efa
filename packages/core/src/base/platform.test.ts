import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { asyncDispose, dispose, wellKnownSymbol } from "./platform.ts";

describe("the symbols of `using`", () => {
  it("are the platform's where it has them, else those that compilers fall back to", () => {
    expect([dispose, asyncDispose]).toEqual([Symbol.dispose, Symbol.asyncDispose]);
    expect(wellKnownSymbol("dispose", {})).toBe(Symbol.for("Symbol.dispose"));
  });

  it("are taken from here by everything that runs in a page", () => {
    const packages = new URL("../../../", import.meta.url);
    const direct = ["core", "websocket", "browser-transport"].flatMap((name) => {
      const src = new URL(`${name}/src/`, packages);
      return readdirSync(src, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts") && !/\.(test|test-d|fixture)\.ts$/.test(file))
        .filter((file) => !file.startsWith("testing/") && file !== "base/platform.ts")
        .filter((file) => /Symbol\.(asyncD|d)ispose/.test(readFileSync(new URL(file, src), "utf8")))
        .map((file) => `${name}/${file}`);
    });
    expect(direct).toEqual([]);
  });
});
