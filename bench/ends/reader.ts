/** What the last process, or the page, does: counts what arrives, or sends it back. Needs neither Node nor a DOM. */
import type { End, OnPayload } from "../contenders/contender.ts";

/** What was sent is lost when nothing more has arrived for so long. A backlog may take its time. */
const SILENCE_MS = 5_000;

export interface Arrivals {
  readonly bytes: number;
  readonly elapsedMs: number;
}

export class Reader {
  #end!: End;
  #isAnswering = false;
  #receivedBytes = 0;
  #awaitedBytes = Number.POSITIVE_INFINITY;
  #onArrival = (): void => {};

  /** Resolves when it is connected. */
  static async open(dial: (onPayload: OnPayload) => Promise<End>): Promise<Reader> {
    const reader = new Reader();
    reader.#end = await dial((payload) => reader.#onPayload(payload));
    return reader;
  }

  /** Send everything back from now on. */
  answer(): void {
    this.#isAnswering = true;
  }

  /** What arrives from now on, for this long. */
  async arrivals(durationMs: number): Promise<Arrivals> {
    const fromMs = performance.now();
    const fromBytes = this.#receivedBytes;
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    return { bytes: this.#receivedBytes - fromBytes, elapsedMs: performance.now() - fromMs };
  }

  /** Resolves when all of `sentBytes`, counted from the beginning, are here; rejects when some are missing or more came. */
  async received(sentBytes: number): Promise<void> {
    this.#awaitedBytes = sentBytes;
    await new Promise<void>((resolve) => {
      let seenBytes = this.#receivedBytes;
      const timer = setInterval(() => {
        if (seenBytes === this.#receivedBytes) this.#onArrival();
        seenBytes = this.#receivedBytes;
      }, SILENCE_MS);
      this.#onArrival = () => {
        clearInterval(timer);
        resolve();
      };
      if (this.#receivedBytes >= sentBytes) this.#onArrival();
    });
    this.#awaitedBytes = Number.POSITIVE_INFINITY;
    if (this.#receivedBytes !== sentBytes) throw new Error(`${this.#receivedBytes} of ${sentBytes} bytes arrived`);
  }

  /** The handler whose rate is measured. */
  #onPayload(payload: Uint8Array): void {
    this.#receivedBytes += payload.length;
    if (this.#isAnswering) void this.#end.send(payload);
    if (this.#receivedBytes >= this.#awaitedBytes) this.#onArrival();
  }
}
