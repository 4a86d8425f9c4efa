import { describe, expect, it } from "vitest";
import { FrameType, readU32 } from "./index.ts";
import {
  controlFrames,
  hex,
  leafQueries,
  messages,
  pipeFrames,
  proofOfPeer,
  records,
  remoteCalls,
  ticketOfLeaf,
  type Vector,
  whereabouts,
} from "./vectors.fixture.ts";

/** As another language reads it: bytes become hexadecimal text. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}

const file = (about: string, vectors: readonly Vector[]): string => {
  const list = vectors.map(({ name, description, fields, bytes }) => ({
    name,
    description,
    fields: plain(fields),
    hex: hex(bytes),
  }));
  return `${JSON.stringify({ about, vectors: list }, null, 2)}\n`;
};

const FILES = {
  "control-frames": file(
    "Whole control frames. Texts are UTF-8; keys, nonces, signatures and bodies are hexadecimal here.",
    controlFrames,
  ),
  records: file("Bodies of record frames. The origin signs them; nobody else changes a byte.", records),
  messages: file("Whole data, unicast, bounce and denied frames. A header map is MessagePack on the wire.", messages),
  "leaf-queries": file("Payloads of unicasts to port 2.", leafQueries),
  whereabouts: file("Payloads of unicasts to port 3.", whereabouts),
  pipes: file("Payloads of unicasts to port 1.", pipeFrames),
  "remote-calls": file("Messages in reliable pipes, in MessagePack.", remoteCalls),
  ticket: `${JSON.stringify(plain(ticketOfLeaf), null, 2)}\n`,
  proof: `${JSON.stringify(plain(proofOfPeer), null, 2)}\n`,
};

describe("golden vectors", () => {
  it.each(Object.entries(FILES))(
    "%s.json is what this build writes; `npm run vectors` writes it anew",
    async (name, content) => {
      await expect(content).toMatchFileSnapshot(`./vectors/${name}.json`);
    },
  );

  it("have at least one frame of every type", () => {
    const types = new Set([...controlFrames, ...messages].map(({ bytes }) => bytes[4]));
    expect([...types].sort()).toEqual(Object.values(FrameType).sort());
  });

  it.each([...controlFrames, ...messages])("$name carries its own length", ({ bytes }) => {
    expect(readU32(bytes, 0)).toBe(bytes.byteLength);
  });

  it.each([...controlFrames, ...records, ...messages, ...leafQueries, ...pipeFrames, ...remoteCalls])(
    "$name decodes to its fields",
    ({ fields, bytes, decode }) => {
      expect(plain(decode(bytes))).toEqual(plain(fields));
    },
  );
});
