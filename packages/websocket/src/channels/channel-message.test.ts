import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  ackedBytesOf,
  ackMessage,
  asChannelMessage,
  ChannelKind,
  onChannel,
  textMessage,
  textOf,
} from "./channel-message.ts";

describe("messages of channels", () => {
  it("have the kinds that docs/wire-protocol.md names", () => {
    const doc = readFileSync(new URL("../../../../docs/wire-protocol.md", import.meta.url), "utf8");
    const rows = [...doc.matchAll(/^\| (\d+) \| (\w+) \| .* \|$/gm)].map(([, kind, name]) => [name, Number(kind)]);
    expect(Object.fromEntries(rows)).toMatchObject(ChannelKind);
  });

  it("have these bytes", () => {
    const hex = (message: Uint8Array): string => Buffer.from(message).toString("hex");
    expect(hex(onChannel(textMessage(ChannelKind.abort, "no"), 0x01020304))).toBe("01020304" + "05" + "6e6f");
    expect(hex(ackMessage(0x8000))).toBe("00000000" + "03" + "00008000");
  });

  it("are read wherever they lie, and refused when they are none", () => {
    const bytes = Uint8Array.from([9, ...onChannel(ackMessage(7), 1), 9]);
    const message = asChannelMessage(bytes.subarray(1, -1))!;
    expect([ackedBytesOf(message), ackedBytesOf(textMessage(ChannelKind.ack, "x"))]).toEqual([7, Number.NaN]);
    expect(textOf(textMessage(ChannelKind.abort, "größer"))).toBe("größer");
    for (const other of ["text", undefined, new ArrayBuffer(4), {}]) expect(asChannelMessage(other)).toBeUndefined();
  });
});
