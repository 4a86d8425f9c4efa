import { describe, expect, it } from "vitest";
import { checkOptions, checkRange, show } from "./check-options.ts";

describe("checkOptions()", () => {
  it("takes any of the names it knows, and none", () => {
    checkOptions("ping", {}, ["bytes"]);
    checkOptions("ping", { bytes: 1 }, ["bytes"]);
  });

  it("names the unknown option, and what there is", () => {
    expect(() => checkOptions("ping", { byte: 1 }, ["bytes", "timeoutMs"])).toThrow(
      new TypeError('ping has no option "byte"; it has bytes, timeoutMs'),
    );
  });

  it.each([
    [null, "null"],
    [42, "42"],
    ["text", '"text"'],
    [() => {}, "a function"],
    [[1], "an array"],
  ])("refuses %j as options", (options, shown) => {
    expect(() => checkOptions("ping", options as object, [])).toThrow(
      new TypeError(`the options of ping must be an object, got ${shown}`),
    );
  });
});

describe("checkRange()", () => {
  it("takes its ends", () => {
    checkRange("count", 1, 1, 10);
    checkRange("count", 10, 1, 10);
  });

  it.each([
    [0, "0"],
    [11, "11"],
    [Number.NaN, "NaN"],
    ["5", '"5"'],
    [5n, "5n"],
    [null, "null"],
    [Object.create(null), "an object"],
  ])("refuses %s with the option, the rule and the value", (value, shown) => {
    expect(() => checkRange("count", value, 1, 10)).toThrow(
      new RangeError(`count must be a number from 1 to 10, got ${shown}`),
    );
  });
});

describe("show()", () => {
  it("runs nothing of the value's own, and stays short", () => {
    const hostile = {
      toString: () => expect.unreachable(),
      toJSON: () => expect.unreachable(),
    };
    expect([show(hostile), show("x".repeat(200)).length, show(Symbol("s"))]).toEqual(["an object", 80, "Symbol(s)"]);
  });
});
