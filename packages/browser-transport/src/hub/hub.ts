/**
 * What a SharedWorker does for its tabs: it carries what each says to a gateway, over one WebSocket for all of them. It
 * reads none of it. So it knows no mesh, holds nothing but what is under way, and a tab is to its gateway what it would
 * be over a connection of its own.
 */
import type { Clock } from "@chaski/core";
import {
  ackedBytesOf,
  CHANNEL_HEAD_BYTES,
  ChannelKind,
  channelMessage,
  kindOf,
  textMessage,
  textOf,
  type WebSocketLike,
} from "@chaski/websocket";
import { type MessagePortLike, Port } from "../port.ts";
import { HUB_VERSION, MAX_UNREAD_BYTES } from "./hub-limits.ts";
import { HubSocket } from "./hub-socket.ts";

export interface HubOptions {
  readonly clock: Clock;
  readonly connect: (url: string, subprotocol: string) => WebSocketLike;
}

export class Hub {
  readonly #options: HubOptions;
  readonly #sockets = new Map<string, HubSocket>();
  #tabs = 0;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** Links of tabs that are open, or being opened. */
  get tabs(): number {
    return this.#tabs;
  }

  /** WebSockets that are open, or being opened. */
  get sockets(): number {
    return this.#sockets.size;
  }

  /** A tab wants a link: it will say where to. */
  accept(messagePort: MessagePortLike): void {
    this.#tabs++;
    new HubTab(messagePort, {
      clock: this.#options.clock,
      socketTo: (addresses) => this.#socketTo(addresses),
      onWake: () => {
        for (const socket of this.#sockets.values()) socket.probe();
      },
      onGone: () => this.#tabs--,
    });
  }

  /** One that is open, to any of the addresses; else one to the first. */
  #socketTo(addresses: readonly string[]): HubSocket {
    for (const address of addresses) {
      const socket = this.#sockets.get(address);
      if (socket?.isOpen) return socket;
    }
    const url = addresses[0]!;
    const known = this.#sockets.get(url);
    if (known) return known;
    const socket: HubSocket = new HubSocket({
      ...this.#options,
      url,
      onGone: () => {
        if (this.#sockets.get(url) === socket) this.#sockets.delete(url);
      },
    });
    this.#sockets.set(url, socket);
    return socket;
  }
}

interface HubTabHost {
  readonly clock: Clock;
  /** @throws when no WebSocket can be made. */
  socketTo(addresses: readonly string[]): HubSocket;
  /** The tab has learned that something may have cut all ways. */
  onWake(): void;
  onGone(): void;
}

/** One link of one tab: a port here, a channel there. */
class HubTab {
  readonly #port: Port;
  readonly #host: HubTabHost;
  #way: { readonly socket: HubSocket; readonly channel: number } | undefined;
  /** Given to the tab, and not acknowledged by it. */
  #unreadBytes = 0;
  /** Who has said that nothing follows. */
  #hasTabEnded = false;
  #hasGatewayEnded = false;
  #isGone = false;

  constructor(messagePort: MessagePortLike, host: HubTabHost) {
    this.#host = host;
    this.#port = new Port(messagePort, {
      clock: host.clock,
      onMessage: (message) => this.#onTab(message),
      onLost: (why) => this.#give(why),
    });
    const welcome = channelMessage(ChannelKind.welcome, 1);
    welcome[CHANNEL_HEAD_BYTES] = HUB_VERSION;
    this.#port.post(welcome);
  }

  #onTab(message: Uint8Array<ArrayBuffer>): void {
    switch (kindOf(message)) {
      case ChannelKind.open:
        return this.#open(textOf(message).split("\n"));
      case ChannelKind.life:
        return this.#onLife(textOf(message));
      case ChannelKind.ack:
        this.#unreadBytes -= ackedBytesOf(message);
        return this.#toGateway(message);
      case ChannelKind.data:
        return this.#toGateway(message);
      case ChannelKind.end:
        this.#hasTabEnded = true;
        this.#toGateway(message);
        return this.#ifEnded();
      case ChannelKind.abort:
        this.#toGateway(message);
        return this.#leave();
    }
  }

  #open(addresses: readonly string[]): void {
    if (this.#way) return;
    try {
      const socket = this.#host.socketTo(addresses);
      const channel = socket.join({
        onMessage: (message) => this.#onGateway(message, socket.url),
        onLost: (why) => this.#refuse(why),
      });
      this.#way = { socket, channel };
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : String(error));
    }
  }

  #onLife(event: string): void {
    switch (event) {
      case "freeze":
        return this.#port.excuse();
      case "pagehide":
        // Its end is under way, and nothing may be said to it any more: see SharingTab.
        this.#toGateway(textMessage(ChannelKind.abort, "the page was put away"));
        return this.#leave();
      case "unload":
        return this.#port.doubt();
      case "hidden":
        return;
      default:
        this.#port.expectSigns();
        this.#host.onWake();
    }
  }

  #onGateway(message: Uint8Array<ArrayBuffer>, url: string): void {
    switch (kindOf(message)) {
      case ChannelKind.opened:
        return this.#port.post(textMessage(ChannelKind.opened, url));
      case ChannelKind.data:
        this.#unreadBytes += message.byteLength - CHANNEL_HEAD_BYTES;
        if (this.#unreadBytes > MAX_UNREAD_BYTES) return this.#give("it was sent more than it reads");
        return this.#port.post(message);
      case ChannelKind.ack:
        return this.#port.post(message);
      case ChannelKind.end:
        this.#hasGatewayEnded = true;
        this.#port.post(message);
        return this.#ifEnded();
      case ChannelKind.abort:
        return this.#refuse(textOf(message));
    }
  }

  #toGateway(message: Uint8Array<ArrayBuffer>): void {
    this.#way?.socket.post(message, this.#way.channel);
  }

  /** Nothing follows from either side. */
  #ifEnded(): void {
    if (this.#hasTabEnded && this.#hasGatewayEnded) this.#leave();
  }

  /** The tab is told why, for there is no way any more. */
  #refuse(why: string): void {
    this.#port.post(textMessage(ChannelKind.abort, why));
    this.#leave();
  }

  /** The gateway is told, for there is no tab any more. */
  #give(why: string): void {
    this.#toGateway(textMessage(ChannelKind.abort, why));
    this.#refuse(why);
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#port.close();
    this.#way?.socket.leave(this.#way.channel);
    this.#host.onGone();
  }
}
