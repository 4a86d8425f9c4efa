/** A hub between tabs and a gateway: MessageChannels of the platform on one side, WebSockets in memory on the other. */
import type { LifecycleEvent } from "@chaski/core";
import type { Link, OnLink } from "@chaski/core/link";
import { RecordingSink, VirtualClock } from "@chaski/core/testing";
import { acceptChannels, ChannelKind, textMessage, type WebSocketLike } from "@chaski/websocket";
import type { MessagePortLike } from "../port.ts";
import { dialHub } from "../port-link.ts";
import type { SharedWorkerLike } from "../shared-connection.ts";
import { Hub } from "./hub.ts";

export interface End {
  readonly link: Link;
  readonly sink: RecordingSink;
}

/** One end of a WebSocket in memory. What is sent arrives after the work in hand. */
export class PipeSocket implements WebSocketLike {
  binaryType = "blob";
  bufferedAmount = 0;
  protocol = "";
  isOpen = true;
  /** Nothing arrives any more, and nobody is told. */
  isCut = false;
  other!: PipeSocket;
  readonly #listeners = new Map<string, (event: unknown) => void>();

  send(message: Uint8Array<ArrayBuffer>): void {
    const data = message.slice().buffer;
    this.#later(() => this.other.isOpen && this.other.emit("message", { data }));
  }
  close(code = 1005): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#later(() => this.other.drop(code));
    queueMicrotask(() => this.emit("close", { code }));
  }
  /** As a process that is killed. */
  drop(code = 1006): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.emit("close", { code });
  }
  addEventListener(type: string, listener: (event: unknown) => void): void {
    this.#listeners.set(type, listener);
  }
  emit(type: string, event: object): void {
    this.#listeners.get(type)?.(event);
  }
  #later(run: () => void): void {
    queueMicrotask(() => {
      if (!this.isCut) run();
    });
  }
}

/** A tab tells its hub. */
export function happens(port: MessagePort, event: LifecycleEvent): void {
  const { buffer } = textMessage(ChannelKind.life, event);
  port.postMessage(buffer, [buffer]);
}

/** As in browsers that do not say when the other end has gone. */
function unheard(port: MessagePort): MessagePortLike {
  return {
    postMessage: (message, transfer) => port.postMessage(message, transfer),
    start: () => port.start(),
    close: () => port.close(),
    addEventListener: (type, listener) => type !== "close" && port.addEventListener(type, listener),
    removeEventListener: (type, listener) => port.removeEventListener(type, listener),
  };
}

/** A message there and back, some times: what was posted before is here. */
export async function messagesArrive(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    const { port1, port2 } = new MessageChannel();
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.onmessage = () => port2.postMessage(0);
      port1.postMessage(0);
    });
    port1.close();
  }
}

export class HubLab implements AsyncDisposable {
  /** Of the hub and the gateways. */
  readonly clock = new VirtualClock();
  /** Of the tabs; it stands still but for their ends, since one that is frozen has none. */
  readonly tabClock = new VirtualClock();
  /** WebSockets that were asked for: the hub's ends. */
  readonly dialled: (PipeSocket & { readonly url: string })[] = [];
  /** Gateways that answer; others never do. */
  readonly gateways = new Set(["ws://one/mesh", "ws://two/mesh"]);
  readonly tabs: End[] = [];
  readonly accepted: End[] = [];
  readonly hub = new Hub({ clock: this.clock, connect: (url) => this.#connect(url) });
  readonly #ports: MessagePort[] = [];

  readonly #onAccepted: OnLink = (link) => this.#note(this.accepted, { link, sink: new RecordingSink() });

  #note<E extends End>(ends: E[], end: E): RecordingSink {
    ends.push(end);
    return end.sink;
  }

  #connect(url: string): WebSocketLike {
    if (!url.startsWith("ws:")) throw new Error(`no WebSocket to ${url}`);
    const [here, there] = [Object.assign(new PipeSocket(), { url }), new PipeSocket()];
    here.other = there;
    there.other = here;
    this.dialled.push(here);
    if (this.gateways.has(url)) {
      queueMicrotask(() => {
        if (!here.isOpen) return;
        acceptChannels(there, { clock: this.clock, remoteAddress: "ws://hub" }, this.#onAccepted);
        here.emit("open", {});
      });
    }
    return here;
  }

  /** What a tab has of the hub. */
  worker(): SharedWorkerLike {
    const { port1, port2 } = new MessageChannel();
    this.#ports.push(port1);
    this.hub.accept(unheard(port2));
    return { port: port1, addEventListener: () => {} };
  }

  /** Of a tab: writes its links down. */
  readonly onTabLink: OnLink = (link) => this.#note(this.tabs, { link, sink: new RecordingSink() });

  /** A link of a tab, through the hub. */
  async open(
    addresses: readonly string[] = ["ws://one/mesh"],
    signal: AbortSignal = new AbortController().signal,
  ): Promise<End & { readonly port: MessagePort; readonly far: End }> {
    const { port1, port2 } = new MessageChannel();
    this.#ports.push(port1);
    this.hub.accept(unheard(port2));
    const before = this.accepted.length;
    await dialHub(port1, { clock: this.tabClock, signal, addresses }, this.onTabLink);
    return { ...this.tabs.at(-1)!, port: port1, far: this.accepted[before]! };
  }

  /** The tab says that it is frozen, and then nothing: what it would say, it says when it is thawed. @returns How to thaw it. */
  freeze({ port }: { readonly port: MessagePort }): () => void {
    const held: [message: ArrayBuffer, transfer: ArrayBuffer[]][] = [];
    happens(port, "freeze");
    const silent = Object.assign(port, {
      postMessage: (...message: (typeof held)[0]) => void held.push(message),
    }) as { postMessage?: unknown };
    return () => {
      delete silent.postMessage;
      for (const message of held) port.postMessage(...message);
      happens(port, "resume");
    };
  }

  /** So much time passes, while what is under way arrives. */
  async pass(ms: number): Promise<void> {
    await messagesArrive();
    for (let at = 0; at < ms; at += 500) {
      this.clock.advance(Math.min(500, ms - at));
      await messagesArrive();
    }
  }

  /** All tabs vanish, in a browser that does not say so; and the WebSockets stall. */
  cut(): void {
    for (const socket of this.dialled) socket.isCut = socket.other.isCut = true;
    for (const port of this.#ports) port.close();
    for (const clock of [this.tabClock, this.clock]) clock.advance(60_000);
    for (const socket of this.dialled) socket.other.drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ends = (): End[] => [...this.tabs, ...this.accepted];
    await Promise.all(ends().map(({ link }) => link.close()));
    for (const clock of [this.tabClock, this.clock]) clock.advance(60_000);
    await Promise.all(ends().map(({ sink }) => sink.closed));
    const { tabs, sockets } = this.hub;
    const open = this.dialled.filter(({ isOpen, other }) => isOpen || other.isOpen).length;
    const left = { tabs, sockets, timers: this.clock.pending + this.tabClock.pending, open };
    if (Object.values(left).some((count) => count > 0)) throw new Error(`left behind: ${JSON.stringify(left)}`);
  }
}

export async function hubPair() {
  const lab = new HubLab();
  const { link, sink, far } = await lab.open();
  return {
    a: link,
    b: far.link,
    aSink: sink,
    bSink: far.sink,
    cut: () => lab.cut(),
    dial: async (signal: unknown) => void (await lab.open(undefined, signal as AbortSignal)),
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}
