/** Frames written by hand, from docs/wire-protocol.md and not with the code under test: sound or not, as asked. */
export const u8 = (value: number): Buffer => Buffer.of(value);
const u16 = (value: number): Buffer => Buffer.of(value >>> 8, value);
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
/** Behind a length of 16 bits; a Buffer goes as it is, sound or not. */
export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([u16(bytes.byteLength), bytes]);
}
export const bytes = (value: Uint8Array): Buffer => Buffer.concat([u32(value.byteLength), value]);
export const id = (value: string): Buffer => Buffer.from(value, "hex");
export const list = (...items: Buffer[]): Buffer => Buffer.concat([u32(items.length), ...items]);

export const Type = {
  hello: 0x01,
  introduce: 0x02,
  accept: 0x03,
  refuse: 0x04,
  goodbye: 0x05,
  ping: 0x06,
  pong: 0x07,
  record: 0x10,
  share: 0x11,
  digest: 0x12,
  synced: 0x13,
  interest: 0x14,
  flow: 0x20,
  attach: 0x21,
  attached: 0x22,
  data: 0x27,
  unicast: 0x30,
} as const;

/** A frame with a head that tells the truth. */
export function frame(type: number, ...body: Buffer[]): Buffer {
  const rest = Buffer.concat(body);
  return Buffer.concat([u32(8 + rest.byteLength), Buffer.of(type, 0, 0, 0), rest]);
}

export const hello = (nonce: Buffer, versions: readonly [number, number] = [0, 0]): Buffer =>
  frame(Type.hello, Buffer.from("CHSK"), Buffer.from(versions), u32(0), bytes(nonce));
