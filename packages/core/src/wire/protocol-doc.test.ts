import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../base/limits.ts";
import { control, FrameType, UNICAST_HEAD_BYTES } from "./index.ts";
import { controlFrames } from "./vectors.fixture.ts";

const doc = readFileSync(new URL("../../../../docs/wire-protocol.md", import.meta.url), "utf8");
/** Rows of the table of control frames: type, and the fields named in it. */
const rows = new Map(
  [...doc.matchAll(/^\| 0x([0-9a-f]{2}) \| ([A-Z]+) \| (.*) \|$/gm)].map(([, type, name, body]) => [
    Number.parseInt(type!, 16),
    { name: name!.toLowerCase(), fields: [...body!.matchAll(/`(\w+)`/g)].map(([, field]) => field) },
  ]),
);

describe("docs/wire-protocol.md", () => {
  it.each(controlFrames)("has the fields of $name in their order", ({ bytes, fields }) => {
    expect(rows.get(bytes[4]!)?.fields).toEqual(Object.keys(fields));
  });

  it("has every type of frame under its name", () => {
    const headings = [...doc.matchAll(/(\w+), 0x([0-9a-f]{2})/g)].map(([, name, type]) => [
      name!.toLowerCase(),
      Number.parseInt(type!, 16),
    ]);
    const named = [...rows].map(([type, { name }]) => [name, type]);
    expect(Object.fromEntries([...named, ...headings])).toEqual(FrameType);
  });

  it("has the words of every list", () => {
    for (const words of [
      control.ROLES,
      control.RELIABILITIES,
      control.GAP_REASONS,
      control.END_REASONS,
      control.REFUSED_ACTIONS,
    ])
      expect(doc).toContain(`word (${words.join(", ")})`);
  });

  it("has the limits that the code has", () => {
    const { maxVersion, minVersion } = control.PROTOCOL;
    expect([LIMITS.handshakeFrameBytes, LIMITS.controlFrameBytes, LIMITS.headerBytes, LIMITS.topicBytes]).toEqual([
      16_384, 1_048_576, 65_536, 1_024,
    ]);
    expect([LIMITS.messageBytes, LIMITS.leafMessageBytes, LIMITS.nameBytes, LIMITS.addressBytes]).toEqual([
      8_388_608, 1_048_576, 256, 512,
    ]);
    expect([LIMITS.payloadDepth, LIMITS.leafSubscriptions, LIMITS.hops, LIMITS.handshakeMs]).toEqual([
      64, 10_000, 32, 4_000,
    ]);
    expect([UNICAST_HEAD_BYTES, minVersion, maxVersion]).toEqual([72, 0, 0]);
  });
});
