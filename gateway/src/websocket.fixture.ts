/** What tests of WebSockets need: an HTTP server whose upgrades become links, and pairs across a wire that can be cut. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MeshError } from "@chaski/core";
import type { AbortSignalLike, Link, OnLink } from "@chaski/core/link";
import { type LinkPair, RecordingSink } from "@chaski/core/testing";
import { nodeClock, webSocketTransport } from "@chaski/node-transport";
import { openSockets, turns, wireTo } from "@chaski/node-transport/testing";
import {
  asChannelMessage,
  CHANNELS_SUBPROTOCOL,
  ChannelKind,
  ChannelLink,
  channelMessage,
  channelOf,
  kindOf,
  onChannel,
} from "@chaski/websocket";
import { WebSocket } from "ws";
import { WebSocketListener, type WebSocketListenerOptions } from "./websocket-listener.ts";

export interface End {
  readonly link: Link;
  readonly sink: RecordingSink;
}

export interface Endpoint extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
  readonly listener: WebSocketListener;
  /** Links accepted, in order. */
  readonly accepted: readonly End[];
  /** The link accepted as number `index`, once it is there. */
  acceptedAt(index: number): Promise<End>;
}

/** A server on loopback, every upgrade of which becomes a link with a recording sink. */
export async function endpoint(options: WebSocketListenerOptions = {}): Promise<Endpoint> {
  const accepted: End[] = [];
  let wake = (): void => {};
  const listener = new WebSocketListener((link) => {
    const sink = new RecordingSink();
    accepted.push({ link, sink });
    wake();
    return sink;
  }, options);
  const server = createServer((_request, response) => response.end());
  server.on("upgrade", (request, socket, head) => listener.handleUpgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    server,
    listener,
    accepted,
    async acceptedAt(index) {
      while (accepted.length <= index) await new Promise<void>((resolve) => (wake = resolve));
      return accepted[index]!;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(accepted.map(({ link }) => link.close()));
      await new Promise((resolve) => server.close(resolve));
      await turns();
      if (listener.connections !== 0) throw new Error(`${listener.connections} connections are still counted`);
    },
  };
}

/** Dials on behalf of a test. */
type Dial = (address: string, onLink: OnLink, options: { readonly signal: AbortSignalLike }) => Promise<void>;

/** A WebSocket of the `ws` package to the gateway's listener. */
export const webSocketPair = (): Promise<LinkPair> => pairBy(webSocketTransport().dial);

/** Channels of one WebSocket of the `ws` package to the gateway's listener. */
export async function channelPair(): Promise<LinkPair> {
  const links = new Map<number, ChannelLink>();
  let socket: Promise<WebSocket> | undefined;
  let last = 0;
  const connect = (address: string): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const made = new WebSocket(`${address}/mesh`, CHANNELS_SUBPROTOCOL);
      made.once("open", () => resolve(made)).on("error", reject);
      made.on("close", () => {
        for (const link of [...links.values()]) link.lost("the WebSocket was closed");
      });
    });
  return pairBy(async (address, onLink, { signal }) => {
    const channel = ++last;
    const carrier = await (socket ??= connect(address));
    if (signal.aborted) throw signal.reason;
    const link = new ChannelLink({
      clock: nodeClock,
      remoteAddress: `${address}/${channel}`,
      post: (message) => carrier.send(onChannel(message, channel)),
      onGone: () => {
        links.delete(channel);
        if (links.size === 0) carrier.close();
      },
    });
    links.set(channel, link);
    await new Promise<void>((resolve) => {
      carrier.on("message", (data: Buffer) => {
        const message = asChannelMessage(data)!;
        if (channelOf(message) !== channel) return;
        if (kindOf(message) !== ChannelKind.opened) return link.receive(message);
        link.open(onLink);
        resolve();
      });
      carrier.send(onChannel(channelMessage(ChannelKind.open), channel));
    });
    if (!signal.aborted) return;
    link.abort(new MeshError("closed", "the dial was aborted"));
    throw signal.reason;
  });
}

async function pairBy(dial: Dial): Promise<LinkPair> {
  await turns();
  const before = openSockets();
  const far = await endpoint();
  const wire = await wireTo(`tcp://127.0.0.1:${far.port}`);
  const address = `http://127.0.0.1:${wire.port}`;
  const dialled: End[] = [];
  const onLink: OnLink = (link) => {
    const sink = new RecordingSink();
    dialled.push({ link, sink });
    return sink;
  };
  await dial(address, onLink, { signal: new AbortController().signal });
  const a = dialled[0]!;
  const b = await far.acceptedAt(0);
  return {
    a: a.link,
    b: b.link,
    aSink: a.sink,
    bSink: b.sink,
    cut: wire.cut,
    dial: (signal) => dial(address, onLink, { signal }),
    async [Symbol.asyncDispose]() {
      await Promise.all(dialled.map(({ link }) => link.close()));
      await wire[Symbol.asyncDispose]();
      await far[Symbol.asyncDispose]();
      await Promise.all([...dialled, ...far.accepted].map(({ sink }) => sink.closed));
      await turns();
      if (openSockets() !== before) throw new Error(`${openSockets() - before} sockets were left open`);
    },
  };
}
