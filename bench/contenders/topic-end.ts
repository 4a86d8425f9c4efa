/**
 * One of two nodes that publish to each other, on Node or in a page. A publisher must not outrun the logs on the way, so
 * the reader publishes how much it has read, and the publisher keeps at most a window unread.
 */
import type { MeshNode } from "@chaski/core";
import type { End, OnPayload } from "./contender.ts";

/** Unread at most: far below the log of any node (a leaf's holds 16 MiB), far more than one hop needs. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const TELL_EVERY_BYTES = WINDOW_BYTES / 8;
/** What a message costs in a log beside its data, generously. */
const OVERHEAD_BYTES = 64;
/** From this size on the buffer is handed over instead of being copied. */
const TRANSFER_BYTES = 64 * 1024;

const TRANSFER = { transfer: true } as const;

export class TopicEnd implements End {
  readonly #node: MeshNode;
  readonly #writes: string;
  readonly #subscriptions: readonly { readonly ready: Promise<void> }[];
  #sentBytes = 0;
  #knownReadBytes = 0;
  #readBytes = 0;
  #toldBytes = 0;
  #onRoom = (): void => {};

  /** @param side One end must be the first, the other the last. */
  constructor(node: MeshNode, side: "first" | "last", onPayload: OnPayload) {
    this.#node = node;
    this.#writes = `bench/${side}`;
    const reads = `bench/${side === "first" ? "last" : "first"}`;
    const messages = node.subscribe<Uint8Array>(reads, {}, ({ data }) => {
      this.#readBytes += data.length + OVERHEAD_BYTES;
      if (this.#readBytes - this.#toldBytes >= TELL_EVERY_BYTES) this.#tell(reads);
      onPayload(data);
    });
    const readings = node.subscribe<number>(readingsOf(this.#writes), {}, ({ data }) => {
      this.#knownReadBytes = data;
      if (this.#hasRoom()) this.#onRoom();
    });
    for (const subscription of [messages, readings]) {
      subscription.on("gap", (gap) => console.error("the benchmark lost messages:", gap));
    }
    this.#subscriptions = [messages, readings];
  }

  /** Resolves when the other end reads what this one writes, and this one what the other writes. */
  async connected(): Promise<void> {
    await this.#node.ready();
    for (const { ready } of this.#subscriptions) await ready;
    await this.#node.waitForSubscribers(this.#writes);
  }

  send(payload: Uint8Array): Promise<void> {
    const isLarge = payload.length >= TRANSFER_BYTES;
    const published = isLarge
      ? this.#node.publish(this.#writes, payload, TRANSFER)
      : this.#node.publish(this.#writes, payload);
    this.#sentBytes += payload.length + OVERHEAD_BYTES;
    return this.#hasRoom() ? published : this.#room(published);
  }

  #hasRoom(): boolean {
    return this.#sentBytes - this.#knownReadBytes < WINDOW_BYTES;
  }

  async #room(published: Promise<void>): Promise<void> {
    await published;
    if (!this.#hasRoom()) await new Promise<void>((resolve) => (this.#onRoom = resolve));
  }

  #tell(reads: string): void {
    this.#toldBytes = this.#readBytes;
    void this.#node.publish(readingsOf(reads), this.#readBytes);
  }
}

/** The topic on which the reader of `topic` tells how far it is. */
const readingsOf = (topic: string): string => `${topic}/read`;
