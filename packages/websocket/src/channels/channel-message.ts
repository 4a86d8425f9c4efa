/**
 * What ends of channels say to each other, the same over a MessagePort and over a WebSocket that several tabs share: one
 * message of either is one message here.
 *
 *   offset 0, 4 bytes: channel  unsigned big-endian; over a port, which carries one channel, nothing is read from it
 *   offset 4, 1 byte:  kind     below; whoever does not know a kind ignores it
 *   offset 5:          body
 */

import { utf8 } from "@chaski/core/link";

/** The subprotocol of a WebSocket that carries channels. Its version is that of this carriage. */
export const CHANNELS_SUBPROTOCOL = "chaski.channels.v0";

export const CHANNEL_HEAD_BYTES = 5;

export const ChannelKind = {
  /** Opens a channel. Body: over a port the addresses to choose from, a line each; over a WebSocket nothing. */
  open: 0,
  /** The answer: it is open. Body: over a port where it leads to, else nothing. */
  opened: 1,
  /** Bytes of the link. */
  data: 2,
  /** So many bytes of data were taken. Body: their count, 4 bytes. */
  ack: 3,
  /** Nothing follows; the other end answers with the same. */
  end: 4,
  /** The channel is over, or did not come to be. Body: why, in words. */
  abort: 5,
  /** Asks for a sign of life of whoever holds the other end of this carrier; over a WebSocket on channel 0. */
  ping: 6,
  pong: 7,
  /** From a tab to its hub. Body: what has happened to the tab, in the words of `LifecycleEvent`. */
  life: 8,
  /** From a hub to a tab, first of all. Body: the version of what is said over ports, one byte. */
  welcome: 9,
} as const;
export type ChannelKind = (typeof ChannelKind)[keyof typeof ChannelKind];

/** A message with room for `bodyBytes`, on channel 0. */
export function channelMessage(kind: ChannelKind, bodyBytes = 0): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(CHANNEL_HEAD_BYTES + bodyBytes);
  message[4] = kind;
  return message;
}

export function textMessage(kind: ChannelKind, text: string): Uint8Array<ArrayBuffer> {
  const body = utf8.encode(text);
  const message = channelMessage(kind, body.byteLength);
  message.set(body, CHANNEL_HEAD_BYTES);
  return message;
}

export function ackMessage(byteLength: number): Uint8Array<ArrayBuffer> {
  const message = channelMessage(ChannelKind.ack, 4);
  new DataView(message.buffer).setUint32(CHANNEL_HEAD_BYTES, byteLength);
  return message;
}

/** @returns The same message, now on `channel`. */
export function onChannel(message: Uint8Array<ArrayBuffer>, channel: number): Uint8Array<ArrayBuffer> {
  new DataView(message.buffer, message.byteOffset).setUint32(0, channel);
  return message;
}

export const channelOf = (message: Uint8Array): number => new DataView(message.buffer, message.byteOffset).getUint32(0);

export const kindOf = (message: Uint8Array): number => message[4]!;

/** For people; what is no text may come from anywhere, and breaks nothing. */
export function textOf(message: Uint8Array): string {
  try {
    return utf8.decode(message.subarray(CHANNEL_HEAD_BYTES));
  } catch {
    return "a text that is not UTF-8";
  }
}

/** Of an acknowledgement; `NaN` when it is none. */
export const ackedBytesOf = (message: Uint8Array): number =>
  message.byteLength === CHANNEL_HEAD_BYTES + 4
    ? new DataView(message.buffer, message.byteOffset).getUint32(CHANNEL_HEAD_BYTES)
    : Number.NaN;

/** What came over a carrier, or `undefined` when it is no message of ours. */
export function asChannelMessage(data: unknown): Uint8Array<ArrayBuffer> | undefined {
  const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data instanceof Uint8Array ? data : undefined;
  return bytes && bytes.byteLength >= CHANNEL_HEAD_BYTES ? (bytes as Uint8Array<ArrayBuffer>) : undefined;
}
