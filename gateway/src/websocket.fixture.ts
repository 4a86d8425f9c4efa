/** What tests of WebSockets need: an HTTP server whose upgrades become links, and pairs across a wire that can be cut. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Link, OnLink } from "@chaski/core/link";
import { type LinkPair, RecordingSink } from "@chaski/core/testing";
import { webSocketTransport } from "@chaski/node-transport";
import { openSockets, turns, wireTo } from "@chaski/node-transport/testing";
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

/** A WebSocket of the `ws` package to the gateway's listener. */
export async function webSocketPair(): Promise<LinkPair> {
  await turns();
  const before = openSockets();
  const far = await endpoint();
  const wire = await wireTo(`tcp://127.0.0.1:${far.port}`);
  const address = `http://127.0.0.1:${wire.port}`;
  const transport = webSocketTransport();
  const dialled: End[] = [];
  const onLink: OnLink = (link) => {
    const sink = new RecordingSink();
    dialled.push({ link, sink });
    return sink;
  };
  await transport.dial(address, onLink, { signal: new AbortController().signal });
  const a = dialled[0]!;
  const b = await far.acceptedAt(0);
  return {
    a: a.link,
    b: b.link,
    aSink: a.sink,
    bSink: b.sink,
    cut: wire.cut,
    dial: (signal) => transport.dial(address, onLink, { signal }),
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
