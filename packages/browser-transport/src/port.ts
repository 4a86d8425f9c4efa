/**
 * One end of a MessagePort that notices when the other end is gone. Many browsers never say that it is, so it is asked for a sign
 * of life, which it gives within the message's own turn: a busy or throttled page does, one that is frozen says so before.
 */
import { type Clock, dispose } from "@chaski/core";
import { setDeadline } from "@chaski/core/link";
import { asChannelMessage, ChannelKind, channelMessage, kindOf } from "@chaski/websocket";

/** What is used of a `MessagePort`, be it a browser's or of Node's `worker_threads`. */
export interface MessagePortLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  start(): void;
  close(): void;
  // biome-ignore lint/suspicious/noExplicitAny: browsers and Node type their events differently.
  addEventListener(type: "message" | "messageerror" | "close", listener: (event: any) => void): void;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  removeEventListener(type: "message" | "messageerror" | "close", listener: (event: any) => void): void;
}

/** See `PortOptions.lookMs`: a page may be at work for long, and does not answer meanwhile. */
const LOOK_MS = 5_000;
/** The same after the other end has said that it unloads. */
const UNLOADED_LOOK_MS = 500;

export interface PortOptions {
  readonly clock: Clock;
  /** Between two looks whether something was heard, in ms. The first in vain asks, after the second the other end is gone. Default 5 000. */
  readonly lookMs?: number | undefined;
  /** A message that is not the port's own business. */
  readonly onMessage: (message: Uint8Array<ArrayBuffer>) => void;
  /** Last call, and not after `close`. */
  readonly onLost: (why: string) => void;
}

export class Port {
  readonly #port: MessagePortLike;
  readonly #options: PortOptions;
  #isOpen = true;
  #heard = true;
  #isAsked = false;
  #lookMs: number;
  #timer: Disposable | undefined;

  constructor(port: MessagePortLike, options: PortOptions) {
    this.#port = port;
    this.#options = options;
    this.#lookMs = options.lookMs ?? LOOK_MS;
    port.addEventListener("message", this.#onMessage);
    port.addEventListener("messageerror", this.#onBroken);
    port.addEventListener("close", this.#onClosed);
    port.start();
    this.#look();
  }

  /** Hand a message over: its buffer is gone afterwards. */
  post(message: Uint8Array<ArrayBuffer>): void {
    if (!this.#isOpen) return;
    // A view of a larger buffer would take all of that along.
    const { buffer } = message.byteLength === message.buffer.byteLength ? message : message.slice();
    this.#port.postMessage(buffer, [buffer]);
  }

  /** The other end may be silent from now on, and not be gone: until `expectSigns`. */
  excuse(): void {
    this.#timer?.[dispose]();
    this.#timer = undefined;
  }

  expectSigns(): void {
    if (!this.#isOpen) return;
    this.excuse();
    this.#heard = true;
    this.#lookMs = this.#options.lookMs ?? LOOK_MS;
    this.#look();
  }

  /** It is probably gone: ask now. */
  doubt(): void {
    if (!this.#isOpen) return;
    this.excuse();
    this.#ask();
    this.#lookMs = UNLOADED_LOOK_MS;
    this.#look();
  }

  /** What was posted still arrives. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.excuse();
    this.#port.removeEventListener("message", this.#onMessage);
    this.#port.removeEventListener("messageerror", this.#onBroken);
    this.#port.removeEventListener("close", this.#onClosed);
    this.#port.close();
  }

  #look(): void {
    this.#timer = setDeadline(this.#options.clock, this.#lookMs, () => {
      this.#timer = undefined;
      if (!this.#heard && this.#isAsked) return this.#lost("it gives no sign of life");
      if (this.#heard) this.#isAsked = false;
      else this.#ask();
      this.#heard = false;
      this.#look();
    });
  }

  #ask(): void {
    this.#heard = false;
    this.#isAsked = true;
    this.post(channelMessage(ChannelKind.ping));
  }

  readonly #onMessage = ({ data }: { readonly data: unknown }): void => {
    this.#heard = true;
    const message = asChannelMessage(data);
    if (!message) return this.#lost("it said something that is none of ours");
    switch (kindOf(message)) {
      case ChannelKind.ping:
        return this.post(channelMessage(ChannelKind.pong));
      case ChannelKind.pong:
        return;
      default:
        return this.#options.onMessage(message);
    }
  };

  readonly #onBroken = (): void => this.#lost("it said something that cannot be read here");

  readonly #onClosed = (): void => this.#lost("it is gone");

  #lost(why: string): void {
    if (!this.#isOpen) return;
    this.close();
    this.#options.onLost(why);
  }
}
