import type { Link, OnLink } from "@chaski/core/link";
import { describeLink, type LinkPair, RecordingSink } from "@chaski/core/testing";
import { describe, expect, inject, it } from "vitest";
import { browserClock } from "./browser-clock.ts";
import { browserRandom } from "./browser-random.ts";
import { webSocketTransport } from "./websocket-transport.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** From `gateway/src/relay.fixture.ts`. */
    relayPort: number;
  }
}

const never = new AbortController().signal;
const relay = `127.0.0.1:${inject("relayPort")}`;
let pairs = 0;

/** Two WebSockets of this page, joined by the relay. */
async function browserPair(): Promise<LinkPair> {
  const path = `/pair-${++pairs}`;
  const ends: { link: Link; sink: RecordingSink }[] = [];
  const onLink: OnLink = (link) => {
    const sink = new RecordingSink();
    ends.push({ link, sink });
    return sink;
  };
  const dial = (signal: AbortSignal): Promise<void> =>
    webSocketTransport().dial(`ws://${relay}${path}`, onLink, { signal });
  await dial(never);
  await dial(never);
  const [a, b] = ends as [(typeof ends)[0], (typeof ends)[0]];
  return {
    a: a.link,
    b: b.link,
    aSink: a.sink,
    bSink: b.sink,
    cut: () => void fetch(`http://${relay}${path}?cut`),
    dial: (signal) => dial(signal as AbortSignal),
    async [Symbol.asyncDispose]() {
      await Promise.all(ends.map(({ link }) => link.close()));
      await Promise.all(ends.map(({ sink }) => sink.closed));
      // Answered when the last socket of this path is closed.
      await fetch(`http://${relay}${path}`);
    },
  };
}

describeLink({ describe, it }, "WebSocket of a browser", browserPair);

describe("webSocketTransport() in a browser", () => {
  it("fails to dial where nobody listens, where nothing is upgraded, and what it may not", async () => {
    const dial = (address: string): Promise<void> =>
      webSocketTransport().dial(address, () => expect.unreachable(), { signal: never });
    await expect(dial("http://127.0.0.1:1")).rejects.toMatchObject({ code: "dial-failed" });
    await expect(dial(`ws://${relay}/refused`)).rejects.toMatchObject({ code: "dial-failed" });
    await expect(dial("mailto:a@b")).rejects.toThrow(TypeError);
  });

  it("refuses a text message", async () => {
    const path = "/text";
    const sink = new RecordingSink();
    await webSocketTransport().dial(`ws://${relay}${path}`, () => sink, { signal: never });
    const other = new WebSocket(`ws://${relay}${path}`, "chaski.v0");
    other.onopen = () => other.send("hello");
    expect(await sink.closed).toMatchObject({ code: "malformed-frame" });
    await fetch(`http://${relay}${path}`);
  });
});

describe("browserClock", () => {
  it("soon() runs in order, after the work in hand and its promises", async () => {
    const ran: string[] = [];
    await new Promise<void>((resolve) => {
      browserClock.soon(() => ran.push("first"));
      browserClock.soon(() => {
        ran.push("second");
        resolve();
      });
      void Promise.resolve().then(() => ran.push("promise"));
      ran.push("work");
    });
    expect(ran).toEqual(["work", "promise", "first", "second"]);
  });

  it("forgets a disposed timer", async () => {
    browserClock.setTimer(0, () => expect.unreachable())[Symbol.dispose]();
    await new Promise<void>((resolve) => browserClock.setTimer(1, resolve));
  });
});

describe("browserRandom", () => {
  it("gives as many bytes as asked for, beyond one call's limit too", () => {
    const bytes = browserRandom.bytes(200_001);
    expect(bytes.byteLength).toBe(200_001);
    expect(new Set(bytes.subarray(140_000)).size).toBe(256);
    expect(browserRandom.float()).toBeLessThan(1);
  });
});
