/** Pairs of links over the platform's own MessageChannel, on Node and in a browser alike. */
import type { Link, OnLink } from "@chaski/core/link";
import { type LinkPair, RecordingSink, VirtualClock } from "@chaski/core/testing";
import { acceptPort, dialPort } from "./port-link.ts";

/** Their clock stands still until a carrier is cut. */
export async function portPair(): Promise<LinkPair> {
  const clock = new VirtualClock();
  const ports: MessagePort[] = [];
  const ends: { readonly link: Link; readonly sink: RecordingSink }[] = [];
  const onLink: OnLink = (link) => {
    const sink = new RecordingSink();
    ends.push({ link, sink });
    return sink;
  };
  const dial = async (signal: AbortSignal): Promise<void> => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    acceptPort(port2, { clock }, onLink);
    await dialPort(port1, { clock, signal }, onLink);
  };
  await dial(new AbortController().signal);
  const [b, a] = ends as [(typeof ends)[0], (typeof ends)[0]];
  return {
    a: a.link,
    b: b.link,
    aSink: a.sink,
    bSink: b.sink,
    // A tab that has gone, in a browser that does not say so.
    cut: () => {
      for (const port of ports) port.close();
      clock.advance(60_000);
    },
    dial: (signal) => dial(signal as AbortSignal),
    async [Symbol.asyncDispose]() {
      await Promise.all(ends.map(({ link }) => link.close()));
      clock.advance(60_000); // whose other end has gone before it asked for a link
      await Promise.all(ends.map(({ sink }) => sink.closed));
      if (clock.pending > 0) throw new Error(`${clock.pending} timers were left`);
    },
  };
}
