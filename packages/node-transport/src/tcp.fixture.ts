/** Pairs of TCP links on loopback, across a wire that can be cut. */
import type { Link, OnLink } from "@chaski/core/link";
import { type LinkPair, RecordingSink } from "@chaski/core/testing";
import { formatTcpAddress } from "./tcp-address.ts";
import { tcpTransport } from "./tcp-transport.ts";
import { openSockets, turns, wireTo } from "./testing/index.ts";

/** Two TCP links on a loopback address, across a wire that can be cut. */
export async function tcpPair(host: "127.0.0.1" | "::1"): Promise<LinkPair> {
  const before = openSockets();
  const transport = tcpTransport();
  const ends: { link: Link; sink: RecordingSink; accepted: boolean }[] = [];
  let onAccepted = (): void => {};
  const record =
    (isAccepted: boolean): OnLink =>
    (link) => {
      const sink = new RecordingSink();
      ends.push({ link, sink, accepted: isAccepted });
      if (isAccepted) onAccepted();
      return sink;
    };
  const listener = await transport.listen!(formatTcpAddress({ host, port: 0 }), record(true));
  const wire = await wireTo(listener.address);
  const both = new Promise<void>((resolve) => (onAccepted = resolve));
  await Promise.all([transport.dial(wire.address, record(false), { signal: new AbortController().signal }), both]);
  const a = ends.find((end) => !end.accepted)!;
  const b = ends.find((end) => end.accepted)!;
  return {
    a: a.link,
    b: b.link,
    aSink: a.sink,
    bSink: b.sink,
    cut: wire.cut,
    dial: (signal) => transport.dial(wire.address, record(false), { signal }),
    async [Symbol.asyncDispose]() {
      await Promise.all(ends.filter((end) => !end.accepted).map(({ link }) => link.close()));
      await listener[Symbol.asyncDispose]();
      await wire[Symbol.asyncDispose]();
      await Promise.all(ends.map(({ link }) => link.close()));
      await Promise.all(ends.map(({ sink }) => sink.closed));
      await turns();
      if (openSockets() !== before) throw new Error(`${openSockets() - before} sockets were left open`);
    },
  };
}
