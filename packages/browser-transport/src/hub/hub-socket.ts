/** One WebSocket of a hub: channels of several tabs to one gateway. It passes on what it does not read. */
import { type Clock, dispose } from "@chaski/core";
import { LIMITS, setDeadline, TIMINGS } from "@chaski/core/link";
import {
  asChannelMessage,
  CHANNELS_SUBPROTOCOL,
  ChannelKind,
  channelMessage,
  channelOf,
  onChannel,
  type WebSocketLike,
} from "@chaski/websocket";

/** Who hears one channel. */
export interface ChannelEar {
  /** Owned by the ear from now on. */
  onMessage(message: Uint8Array<ArrayBuffer>): void;
  /** Last call, and not after `leave`. */
  onLost(why: string): void;
}

export interface HubSocketOptions {
  readonly clock: Clock;
  readonly url: string;
  /** What it throws is a reason to be lost. */
  readonly connect: (url: string, subprotocol: string) => WebSocketLike;
  /** It carries nothing any more, and will not. */
  readonly onGone: () => void;
}

export class HubSocket {
  readonly url: string;
  readonly #options: HubSocketOptions;
  readonly #socket: WebSocketLike;
  readonly #ears = new Map<number, ChannelEar>();
  /** Numbers grow, and none is used again. */
  #last = 0;
  #phase: "connecting" | "open" | "gone" = "connecting";
  /** Until it is open; then until an answer to a probe is overdue. */
  #timer: Disposable | undefined;

  /** @throws whatever `connect` does. */
  constructor(options: HubSocketOptions) {
    this.url = options.url;
    this.#options = options;
    this.#socket = options.connect(options.url, CHANNELS_SUBPROTOCOL);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("open", () => this.#onOpen());
    this.#socket.addEventListener("message", ({ data }: { readonly data: unknown }) => this.#onMessage(data));
    this.#socket.addEventListener("error", () => {}); // its close follows, with all that a browser tells
    this.#socket.addEventListener("close", ({ code }: { readonly code: number }) =>
      this.#lost(this.isOpen ? `closed with code ${code}` : "no WebSocket could be opened"),
    );
    this.#expect(LIMITS.dialMs, `not open within ${LIMITS.dialMs} ms`);
  }

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Open a channel, as soon as it can. @returns Its number. */
  join(ear: ChannelEar): number {
    const channel = ++this.#last;
    this.#ears.set(channel, ear);
    if (this.isOpen) {
      this.post(channelMessage(ChannelKind.open), channel);
      this.probe();
    }
    return channel;
  }

  /** The channel is over, and the gateway has been told. Without any, the WebSocket is closed. */
  leave(channel: number): void {
    if (!this.#ears.delete(channel) || this.#ears.size > 0) return;
    this.#close();
  }

  post(message: Uint8Array<ArrayBuffer>, channel: number): void {
    if (this.isOpen) this.#socket.send(onChannel(message, channel));
  }

  /** Something may have cut it without a sign: without an answer within 3 s it is lost. */
  probe(): void {
    if (!this.isOpen || this.#timer) return;
    this.post(channelMessage(ChannelKind.ping), 0);
    this.#expect(TIMINGS.pongMs, `silent for ${TIMINGS.pongMs} ms`);
  }

  #onOpen(): void {
    if (this.#phase !== "connecting") return;
    this.#phase = "open";
    this.#heard();
    for (const channel of this.#ears.keys()) this.post(channelMessage(ChannelKind.open), channel);
  }

  #onMessage(data: unknown): void {
    if (!this.isOpen) return;
    this.#heard();
    const message = asChannelMessage(data);
    if (!message) return this.#lost("it said something that is none of ours");
    this.#ears.get(channelOf(message))?.onMessage(message);
  }

  #expect(withinMs: number, why: string): void {
    this.#timer = setDeadline(this.#options.clock, withinMs, () => this.#lost(why));
  }

  #heard(): void {
    this.#timer?.[dispose]();
    this.#timer = undefined;
  }

  #lost(why: string): void {
    if (this.#phase === "gone") return;
    const ears = [...this.#ears.values()];
    this.#ears.clear();
    this.#close();
    for (const ear of ears) ear.onLost(`${this.url}: ${why}`);
  }

  #close(): void {
    this.#phase = "gone";
    this.#heard();
    this.#socket.close();
    this.#options.onGone();
  }
}
