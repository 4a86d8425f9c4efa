/** What the first process does: writes as fast as it may, or sends one message and waits for its echo, again and again. */
import { setImmediate } from "node:timers/promises";
import type { Contender, ListeningEnd, Packing } from "../contenders/contender.ts";
import { quantile } from "../report/statistics.ts";

/** Other work of the process has its turn after this many payloads or bytes, whichever comes first. */
const PAUSE_AFTER_PAYLOADS = 256;
const PAUSE_AFTER_BYTES = 1024 * 1024;

export interface RoundTrips {
  readonly count: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

export class Writer {
  readonly #messagesPerPayload: Packing;
  #end!: ListeningEnd;
  #sentBytes = 0;
  #writing: Promise<void> | undefined;
  #isStopping = false;
  #awaitedBytes = 0;
  #onAnswer = (): void => {};

  private constructor(messagesPerPayload: Packing) {
    this.#messagesPerPayload = messagesPerPayload;
  }

  /** Resolves when it listens. */
  static async open({ listen, messagesPerPayload }: Contender): Promise<Writer> {
    const writer = new Writer(messagesPerPayload);
    writer.#end = await listen((payload) => writer.#onPayload(payload));
    return writer;
  }

  /** Where the other end dials. */
  get address(): string {
    return this.#end.address;
  }

  /** Resolves when the other end is there. */
  connected(): Promise<void> {
    return this.#end.connected();
  }

  /** Begin to write messages of this size; goes on until `stop`. */
  start(messageBytes: number): void {
    this.#isStopping = false;
    this.#writing = this.#write(new Uint8Array(messageBytes * this.#messagesPerPayload(messageBytes)).fill(1));
  }

  /** @returns How many bytes have been sent, counted from the beginning. */
  async stop(): Promise<number> {
    this.#isStopping = true;
    await this.#writing;
    return this.#sentBytes;
  }

  async #write(payload: Uint8Array): Promise<void> {
    const end = this.#end;
    const bytes = payload.byteLength;
    const burst = Math.max(1, Math.min(PAUSE_AFTER_PAYLOADS, Math.floor(PAUSE_AFTER_BYTES / bytes)));
    do {
      for (let count = 0; count < burst; count++) {
        this.#sentBytes += bytes;
        const pause = end.send(payload);
        if (pause !== undefined) await pause;
      }
      await setImmediate();
    } while (!this.#isStopping);
  }

  /** Round trips one after the other, at least one, for this long. */
  async roundTrips(messageBytes: number, durationMs: number): Promise<RoundTrips> {
    const payload = new Uint8Array(messageBytes).fill(1);
    const micros: number[] = [];
    let nowMs = performance.now();
    const untilMs = nowMs + durationMs;
    do {
      const sentAtMs = nowMs;
      await this.#roundTrip(payload);
      nowMs = performance.now();
      micros.push((nowMs - sentAtMs) * 1000);
    } while (nowMs < untilMs);
    return { count: micros.length, p50Micros: quantile(micros, 0.5), p99Micros: quantile(micros, 0.99) };
  }

  #roundTrip(payload: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#awaitedBytes = payload.byteLength;
      this.#onAnswer = resolve;
      this.#end.send(payload)?.catch(reject);
    });
  }

  #onPayload(answer: Uint8Array): void {
    this.#awaitedBytes -= answer.length;
    if (this.#awaitedBytes <= 0) this.#onAnswer();
  }
}
