/** A gateway's end of a WebSocket that several tabs share: each channel that is opened on it is a link of its own. */
import { type Clock, dispose } from "@chaski/core";
import { LIMITS, type OnLink } from "@chaski/core/link";
import type { NodeWebSocketLike, WebSocketLike } from "../websocket-like.ts";
import { ChannelLink } from "./channel-link.ts";
import {
  asChannelMessage,
  ChannelKind,
  channelMessage,
  channelOf,
  kindOf,
  onChannel,
  textMessage,
} from "./channel-message.ts";

/** Channels of one WebSocket at a time. */
const MAX_CHANNELS = 128;
/** What may wait to leave, in bytes: more than all windows. Whoever lets more wait than that does not read. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** Close codes: nothing is open any more, and whatever else. */
const IDLE = 1000;
const BROKEN = 4000;

export interface ChannelsOptions {
  readonly clock: Clock;
  /** Where the other end is, for people; its channels are told apart by a number behind it. */
  readonly remoteAddress: string;
  /** Whether there is room for one channel more. Default: there is. */
  readonly admit?: () => boolean;
  /** A channel that was admitted is over. */
  readonly onGone?: () => void;
}

/**
 * Make links of the channels of a WebSocket, which is open: to be called before anything can have come. It is closed when no
 * channel has been open on it for `LIMITS.handshakeMs`; what breaks the rules ends it, and all its links are lost.
 */
export function acceptChannels(
  socket: WebSocketLike | NodeWebSocketLike,
  options: ChannelsOptions,
  onLink: OnLink,
): void {
  new Channels(socket, options, onLink);
}

class Channels {
  readonly #socket: WebSocketLike | NodeWebSocketLike;
  readonly #options: ChannelsOptions;
  readonly #onLink: OnLink;
  readonly #links = new Map<number, ChannelLink>();
  /** The channel opened last: numbers grow, and none is used again. */
  #last = 0;
  #isOpen = true;
  #idle: Disposable | undefined;

  constructor(socket: WebSocketLike | NodeWebSocketLike, options: ChannelsOptions, onLink: OnLink) {
    this.#socket = socket;
    this.#options = options;
    this.#onLink = onLink;
    socket.binaryType = "terminate" in socket ? "nodebuffer" : "arraybuffer";
    socket.addEventListener("message", ({ data }: { readonly data: unknown }) => this.#onMessage(data));
    // What went wrong shows in its close.
    socket.addEventListener("error", () => this.#end("the connection broke"));
    socket.addEventListener("close", ({ code }: { readonly code: number }) => this.#lost(`closed with code ${code}`));
    this.#watchIdle();
  }

  #onMessage(data: unknown): void {
    if (!this.#isOpen) return;
    const message = asChannelMessage(data);
    if (!message) return this.#end("a message that is none of ours");
    const channel = channelOf(message);
    if (channel === 0) {
      if (kindOf(message) === ChannelKind.ping) this.#post(channelMessage(ChannelKind.pong), 0);
    } else if (kindOf(message) === ChannelKind.open) this.#open(channel);
    else this.#links.get(channel)?.receive(message); // one that is over may be spoken of for a moment
  }

  #open(channel: number): void {
    if (channel <= this.#last) return this.#end(`channel ${channel} was opened after ${this.#last}`);
    this.#last = channel;
    if (this.#links.size >= MAX_CHANNELS || this.#options.admit?.() === false) {
      return this.#post(textMessage(ChannelKind.abort, "there is no room for one link more"), channel);
    }
    this.#idle?.[dispose]();
    this.#idle = undefined;
    this.#post(channelMessage(ChannelKind.opened), channel);
    if (!this.#isOpen) return this.#options.onGone?.(); // that was one message too many
    const link = new ChannelLink({
      clock: this.#options.clock,
      remoteAddress: `${this.#options.remoteAddress}/${channel}`,
      post: (message) => this.#post(message, channel),
      onGone: () => this.#onGone(channel),
    });
    this.#links.set(channel, link);
    link.open(this.#onLink);
  }

  #post(message: Uint8Array<ArrayBuffer>, channel: number): void {
    if (!this.#isOpen) return;
    this.#socket.send(onChannel(message, channel));
    if (this.#socket.bufferedAmount > MAX_WAITING_BYTES) this.#end("it does not read what it is sent");
  }

  #onGone(channel: number): void {
    this.#links.delete(channel);
    this.#options.onGone?.();
    if (this.#isOpen && this.#links.size === 0) this.#watchIdle();
  }

  #watchIdle(): void {
    this.#idle = this.#options.clock.setTimer(LIMITS.handshakeMs, () => {
      this.#socket.close(IDLE);
      this.#lost("nothing was open on it");
    });
  }

  #end(why: string): void {
    if (!this.#isOpen) return;
    if ("terminate" in this.#socket) this.#socket.terminate();
    else this.#socket.close(BROKEN);
    this.#lost(why);
  }

  #lost(why: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#idle?.[dispose]();
    for (const link of [...this.#links.values()]) link.lost(`the link to ${link.remoteAddress} was lost: ${why}`);
  }
}
