/** What every link must do, whatever carries it. A transport is done when this passes; its part is a short fixture. */
import { MeshError } from "../base/errors.ts";
import { AbortController, type AbortSignalLike } from "../base/platform.ts";
import type { Link } from "../link/index.ts";
import { writeU32 } from "../wire/index.ts";
import type { RecordingSink } from "./recording-sink.ts";

/** The functions of a test runner: those of vitest, mocha or `node:test`. */
export interface Runner {
  describe(name: string, define: () => void): void;
  it(name: string, run: () => Promise<void>): void;
}

/** Two connected links over one carrier. Disposing closes what is open, then fails when a socket, timer or table entry is left. */
export interface LinkPair extends AsyncDisposable {
  /** The end that dialled. */
  readonly a: Link;
  /** The end that accepted. */
  readonly b: Link;
  readonly aSink: RecordingSink;
  readonly bSink: RecordingSink;
  /** Break the carrier; neither end says goodbye. */
  cut(): void;
  /** Dial where `b` was accepted, once more. */
  dial(signal: AbortSignalLike): Promise<void>;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * Run the contract of `Link` on one implementation.
 * @param name How the tests are called: `${name} link contract`.
 * @param pair Makes a fresh pair for every test.
 */
export function describeLink({ describe, it }: Runner, name: string, pair: () => Promise<LinkPair>): void {
  /** One test on a fresh pair. Tests of what only a reliable, ordered link promises pass trivially on others. */
  const test = (title: string, run: (p: LinkPair) => Promise<void>, needs: "any" | "stream" = "stream"): void =>
    it(title, async () => {
      const p = await pair();
      try {
        const { reliable, ordered } = p.a.traits;
        if (needs === "any" || (reliable && ordered)) await run(p);
        equal([p.aSink.faults, p.bSink.faults], [[], []], "breaches of the contract");
      } finally {
        await p[Symbol.asyncDispose]();
      }
    });

  describe(`${name} link contract`, () => {
    test("send() keeps the order and the boundaries of frames of any size", async ({ a, bSink }) => {
      const sizes = [8, 9, 133, 4 * KiB - 1, 4 * KiB, 4 * KiB + 1, 64 * KiB, 70_001, 8, 3 * MiB, 8];
      const sent = sizes.map((size, index) => frame(size, index));
      for (const whole of sent) a.send([whole]);
      equalFrames(await bSink.untilFrames(sent.length), sent);
    });

    test("send() takes a packet of many frames in parts cut anywhere", async ({ a, bSink }) => {
      const sent = [frame(8), frame(100, 1), frame(30_000, 2), frame(8), frame(9_000, 3), frame(8)];
      const stream = joined(sent);
      const lengths = [1, 2, 5, 0, 11_000, 3, 4_096, 15_000];
      const parts: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < stream.byteLength; turn++) {
        const length = lengths[turn % lengths.length]!;
        parts.push(stream.subarray(at, at + length));
        at += length;
      }
      a.send(parts);
      equalFrames(await bSink.untilFrames(sent.length), sent);
    });

    test("send() carries both directions at once", async ({ a, b, aSink, bSink }) => {
      const sent = Array.from({ length: 200 }, (_, index) => frame(8 + ((index * 997) % 1_900), index));
      for (const whole of sent) {
        a.send([whole]);
        b.send([whole]);
      }
      equalFrames(await bSink.untilFrames(sent.length), sent);
      equalFrames(await aSink.untilFrames(sent.length), sent);
    });

    test("send() carries an answer sent from within onPacket", async ({ a, b, aSink, bSink }) => {
      const onPacket = bSink.onPacket.bind(bSink);
      bSink.onPacket = (bytes) => {
        onPacket(bytes);
        b.send([frame(12, 7)]);
      };
      a.send([frame(10, 1)]);
      equalFrames(await aSink.untilFrames(1), [frame(12, 7)]);
    });

    test("send() takes an empty packet and empty parts as nothing", async ({ a, bSink }) => {
      a.send([]);
      a.send([new Uint8Array(0)]);
      a.send([new Uint8Array(0), frame(8), new Uint8Array(0)]);
      equalFrames(await bSink.untilFrames(1), [frame(8)]);
      equal(bSink.packets.filter((packet) => packet.byteLength === 0).length, 0, "empty packets");
    });

    test("send() leaves the sender's parts as they are", async ({ a, bSink }) => {
      const parts = [frame(1 * MiB, 1), frame(9, 2), frame(64 * KiB, 3)];
      const copies = parts.map((part) => part.slice());
      a.send(parts);
      await bSink.untilFrames(parts.length);
      equalFrames(parts, copies);
    });

    test("onPacket() hands out bytes that are never reused", async ({ a, bSink }) => {
      const sent = Array.from({ length: 300 }, (_, index) => frame(1_000 + index * 7, index));
      for (const whole of sent.slice(0, 150)) a.send([whole]);
      await bSink.untilFrames(150);
      for (const whole of sent.slice(150)) a.send([whole]);
      equalFrames(await bSink.untilFrames(300), sent);
    });

    test("send() says false when much waits, then onWritable is called and everything arrives", async (p) => {
      const whole = frame(64 * KiB, 5);
      let count = 1;
      while (p.a.send([whole])) if (++count > 2_000) throw new Error("send() never said false");
      equal(p.aSink.writables, 0, "calls of onWritable while send() said true, or during it");
      await p.aSink.untilWritable(1);
      p.a.send([frame(8)]);
      const frames = await p.bSink.untilFrames(count + 1);
      equalFrames([frames[0]!, frames[count - 1]!, frames[count]!], [whole, whole, frame(8)]);
      equal(p.aSink.writables, 1, "calls of onWritable");
    });

    test("waitingBytes tells what has not left, and receivedBytes what has come, where a link can tell", async (p) => {
      const whole = frame(64 * KiB, 5);
      let count = 1;
      while (p.a.send([whole])) if (++count > 2_000) throw new Error("send() never said false");
      const { waitingBytes = 1 } = p.a;
      equal(waitingBytes > 0, true, "something waits where send() said false");
      await p.aSink.untilWritable(1);
      equal((p.a.waitingBytes ?? 0) < waitingBytes, true, "less waits at onWritable");
      await p.bSink.untilFrames(count);
      const { receivedBytes = Number.POSITIVE_INFINITY } = p.b;
      equal(receivedBytes >= count * whole.byteLength, true, "as many bytes were received as have come");
    });

    test("send() throws overflow when false is ignored, queues nothing then, and recovers", async ({
      a,
      aSink,
      bSink,
    }) => {
      const whole = frame(256 * KiB, 6);
      let count = 0;
      let error: unknown;
      while (error === undefined) {
        if (count > 4_000) throw new Error("send() never threw");
        try {
          a.send([whole]);
          count++;
        } catch (thrown) {
          error = thrown;
        }
      }
      equal(codeOf(error), "overflow", "code");
      await aSink.untilWritable(1);
      a.send([frame(8)]);
      const frames = await bSink.untilFrames(count + 1);
      equal([frames.length, frames[count]!.byteLength], [count + 1, 8], "frames, and bytes of the last");
    });

    test(
      "send() throws too-large above the largest packet and stays usable",
      async ({ a, bSink }) => {
        const part = new Uint8Array(64 * KiB);
        const parts = new Array<Uint8Array>(Math.ceil((a.traits.maxPacketBytes + 1) / part.byteLength)).fill(part);
        equal(codeOf(thrownBy(() => a.send(parts))), "too-large", "code");
        a.send([frame(8)]);
        await bSink.untilFrames(1);
      },
      "any",
    );

    test("close() lets everything sent arrive, then both ends hear an agreed end", async ({ a, aSink, bSink }) => {
      const sent = [frame(8), frame(1 * MiB, 1), frame(9, 2), frame(100 * KiB, 3), frame(10, 4)];
      for (const whole of sent) a.send([whole]);
      await a.close();
      equalFrames(await bSink.untilFrames(sent.length), sent);
      equal([await aSink.closed, await bSink.closed], [undefined, undefined], "what the sinks heard");
    });

    test("close() by the end that accepted ends both the same way", async ({ b, aSink, bSink }) => {
      b.send([frame(20, 1)]);
      await b.close();
      equalFrames(await aSink.untilFrames(1), [frame(20, 1)]);
      equal([await aSink.closed, await bSink.closed], [undefined, undefined], "what the sinks heard");
    });

    test("close() at both ends at once resolves at both", async ({ a, b, aSink, bSink }) => {
      await Promise.all([a.close(), b.close()]);
      equal([await aSink.closed, await bSink.closed], [undefined, undefined], "what the sinks heard");
    });

    test("close() may be called again, before and after the end", async ({ a, aSink }) => {
      await Promise.all([a.close(), a.close()]);
      await a.close();
      await aSink.closed;
      await a.close({ signal: aborted("late") });
      equal(aSink.closings, 1, "calls of onClosed");
    });

    test(
      "close() with an aborted signal drops the link and rejects with the signal's reason",
      async ({ a, aSink, bSink }) => {
        const reason = await rejection(a.close({ signal: aborted("enough") }));
        equal(reason, "enough", "reason");
        equal([codeOf(await aSink.closed), codeOf(await bSink.closed)], ["closed", "link-lost"], "codes");
      },
      "any",
    );

    test("close() gives up when its signal fires; the other end takes it for agreed only if nothing is missing", async (p) => {
      let count = 1;
      while (p.a.send([frame(64 * KiB, 1)])) count++;
      const controller = new AbortController();
      const closing = rejection(p.a.close({ signal: controller.signal }));
      controller.abort("enough");
      equal(await closing, "enough", "reason");
      equal(codeOf(await p.aSink.closed), "closed", "code");
      const code = codeOf(await p.bSink.closed);
      if (code !== undefined || p.bSink.frames.length !== count) equal(code, "link-lost", "the other end's code");
    });

    test("close() resolves when the carrier is cut meanwhile", async ({ a, aSink, cut }) => {
      cut();
      await a.close();
      await aSink.closed;
    });

    test(
      "abort() tells its own sink the error and the other end link-lost",
      async ({ a, aSink, bSink }) => {
        const error = new MeshError("malformed-frame", "a test");
        a.abort(error);
        if ((await aSink.closed) !== error) throw new Error("the own sink heard another error");
        equal(codeOf(await bSink.closed), "link-lost", "the other end's code");
      },
      "any",
    );

    test("abort() ends both ends while much waits", async ({ a, aSink, bSink }) => {
      while (a.send([frame(64 * KiB, 1)]));
      a.abort(new MeshError("malformed-frame", "a test"));
      equal([codeOf(await aSink.closed), codeOf(await bSink.closed)], ["malformed-frame", "link-lost"], "codes");
    });

    test(
      "abort() is idempotent, and close() after it resolves",
      async ({ a, aSink }) => {
        const first = new MeshError("closed", "first");
        a.abort(first);
        a.abort(new MeshError("closed", "second"));
        await a.close();
        if ((await aSink.closed) !== first) throw new Error("the sink did not hear the first error");
        a.abort(new MeshError("closed", "third"));
        equal(aSink.closings, 1, "calls of onClosed");
      },
      "any",
    );

    test(
      "onClosed() comes once and never within the call that caused it",
      async ({ a, b, aSink, bSink }) => {
        a.abort(new MeshError("closed", "a test"));
        equal(aSink.closings, 0, "calls of onClosed within abort()");
        const closing = b.close();
        equal(bSink.closings, 0, "calls of onClosed within close()");
        await Promise.all([closing, aSink.closed, bSink.closed]);
        equal([aSink.closings, bSink.closings], [1, 1], "calls of onClosed");
      },
      "any",
    );

    test("onClosed() says link-lost at both ends when the carrier is cut", async ({ aSink, bSink, cut }) => {
      cut();
      equal([codeOf(await aSink.closed), codeOf(await bSink.closed)], ["link-lost", "link-lost"], "codes");
    });

    test(
      "send() throws closed after close(), after abort(), and after the other end has closed",
      async ({ a, b, aSink, bSink }) => {
        const send = (link: Link) => codeOf(thrownBy(() => link.send([frame(8)])));
        const closing = a.close();
        equal(send(a), "closed", "code after close()");
        await Promise.all([closing, aSink.closed, bSink.closed]);
        a.abort(new MeshError("closed", "a test"));
        equal([send(a), send(b)], ["closed", "closed"], "codes after the end");
      },
      "any",
    );

    test(
      "dial() aborted on the way rejects with the signal's reason and leaves nothing",
      async ({ dial }) => {
        equal(await rejection(dial(aborted("before"))), "before", "reason");
        const controller = new AbortController();
        const dialling = rejection(dial(controller.signal));
        controller.abort("meanwhile");
        equal(await dialling, "meanwhile", "reason");
      },
      "any",
    );

    test(
      "dial() opens further links beside the first",
      async ({ a, bSink, dial }) => {
        await Promise.all([dial(new AbortController().signal), dial(new AbortController().signal)]);
        a.send([frame(8)]);
        await bSink.untilFrames(1);
      },
      "any",
    );
  });
}

/** A frame of `length` bytes, of a type every node ignores, whose body depends on `seed`. */
function frame(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 8; at < length; at++) bytes[at] = at * 31 + seed * 7;
  writeU32(bytes, 0, length);
  bytes[4] = 0xff;
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

function aborted(reason: unknown): AbortSignalLike {
  const controller = new AbortController();
  controller.abort(reason);
  return controller.signal;
}

function codeOf(error: unknown): unknown {
  return (error as MeshError | undefined)?.code;
}

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("resolved, but should have rejected");
    },
    (reason: unknown) => reason,
  );
}

function equal(actual: unknown, expected: unknown, what: string): void {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_key, part) => (part === undefined ? "undefined" : part));
  if (text(actual) !== text(expected)) throw new Error(`${what}: expected ${text(expected)}, got ${text(actual)}`);
}

function equalFrames(actual: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  equal(
    actual.map((bytes) => bytes.byteLength),
    expected.map((bytes) => bytes.byteLength),
    "bytes of the frames",
  );
  for (const [index, bytes] of expected.entries()) {
    const other = actual[index]!;
    for (let at = 0; at < bytes.byteLength; at++) {
      if (bytes[at] !== other[at]) throw new Error(`frame ${index} of ${bytes.byteLength} bytes differs at byte ${at}`);
    }
  }
}
