import { describe, expect, it } from "vitest";
import { bytes, duration, milliseconds, perSecond } from "./format.ts";

describe("format", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1_024, "1.00 KiB"],
    [10_240, "10.0 KiB"],
    [1_023_000, "999 KiB"],
    [1_048_000, "1.00 MiB"],
    [16_777_216_000, "15.6 GiB"],
  ])("bytes(%d) is %s", (value, text) => expect(bytes(value)).toBe(text));

  it.each([
    [-5, "0 s"],
    [59_400, "59 s"],
    [61_000, "1 min"],
    [7_500_000, "2 h 5 min"],
    [349_200_000, "4 d 1 h"],
  ])("duration(%d) is %s", (value, text) => expect(duration(value)).toBe(text));

  it("milliseconds() says when nothing was measured", () => {
    expect([milliseconds(undefined), milliseconds(0.456), milliseconds(1_234.5)]).toEqual(["–", "0.46 ms", "1235 ms"]);
  });

  it("perSecond() has one digit below a hundred", () => {
    expect([perSecond(3.96), perSecond(1_234.5)]).toEqual(["4.0 /s", "1,235 /s"]);
  });
});
