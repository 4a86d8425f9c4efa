/**
 * A transport with faults on purpose, drawn from a given random source so that a seed replays them. Wraps any
 * transport; what its links send goes through the faults, what they receive comes as the carrier brings it.
 */
import type { Clock, Random } from "../base/clock.ts";
import { MeshError } from "../base/errors.ts";
import type { AbortSignalLike } from "../base/platform.ts";
import { Backpressure } from "./backpressure.ts";
import { untilClosed } from "./closing.ts";
import { DelayLine } from "./delay-line.ts";
import type { Link, LinkSink, LinkTraits, OnLink, Transport } from "./link.ts";

export interface FaultOptions {
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Chance that a packet is lost, 0 to 1. A reliable link cannot lose one and live: there it is the chance that
   * the packet cuts the link. Default 0.
   */
  readonly loss?: number;
  /** Added before a packet reaches the carrier, in ms; a function is asked for every packet. Default 0. */
  readonly delayMs?: number | (() => number);
  /** Chance that a packet falls 10 ms behind, 0 to 1, so that later ones overtake it. Only on unordered links. Default 0. */
  readonly reorder?: number;
  /** Packets after which a link is cut; a function is asked once for every link. Default never. */
  readonly cutAfter?: number | (() => number);
}

const HIGH_WATER_BYTES = 1024 * 1024;
/** How far behind a reordered packet falls, in ms. */
const REORDER_MS = 10;

/** `transport` with the faults of `options` in every link it dials or accepts. */
export function faulty(transport: Transport, options: FaultOptions): Transport {
  const wrap =
    (onLink: OnLink): OnLink =>
    (carrier) => {
      const link = new FaultyLink(carrier, options);
      link.sink = onLink(link);
      return link.carrierSink;
    };
  const { listen } = transport;
  return {
    schemes: transport.schemes,
    checkAddress: (address) => transport.checkAddress(address),
    dial: (address, onLink, dialOptions) => transport.dial(address, wrap(onLink), dialOptions),
    ...(listen && { listen: (address, onLink) => listen.call(transport, address, wrap(onLink)) }),
  };
}

class FaultyLink implements Link {
  readonly traits: LinkTraits;
  readonly remoteAddress: string;
  sink: LinkSink = { onPacket() {}, onWritable() {}, onClosed() {} };

  readonly #carrier: Link;
  readonly #random: Random;
  readonly #loss: number;
  readonly #reorder: number;
  readonly #delayed: boolean;
  readonly #line: DelayLine<readonly Uint8Array[]>;
  readonly #pressure: Backpressure;
  #packetsLeft: number;
  #phase: "open" | "closing" | "closed" = "open";
  readonly #drained: Promise<void>;
  #resolveDrained!: () => void;
  /** Through the delay, and waiting for the carrier to be writable. */
  #ready: (readonly Uint8Array[])[] = [];
  #heldBytes = 0;
  #carrierStopped = false;

  constructor(carrier: Link, options: FaultOptions) {
    const { delayMs = 0, cutAfter = Number.POSITIVE_INFINITY } = options;
    this.#carrier = carrier;
    this.traits = carrier.traits;
    this.remoteAddress = carrier.remoteAddress;
    this.#random = options.random;
    this.#loss = options.loss ?? 0;
    this.#reorder = this.traits.ordered ? 0 : (options.reorder ?? 0);
    this.#delayed = delayMs !== 0 || this.#reorder > 0;
    this.#packetsLeft = typeof cutAfter === "number" ? cutAfter : cutAfter();
    const baseMs = typeof delayMs === "number" ? () => delayMs : delayMs;
    const isLate = (): boolean => this.#reorder > 0 && this.#random.float() < this.#reorder;
    this.#line = new DelayLine({
      clock: options.clock,
      delayMs: () => (isLate() ? baseMs() + REORDER_MS : baseMs()),
      arrive: (parts) => {
        this.#ready.push(parts);
        this.#forward();
      },
    });
    this.#pressure = new Backpressure({
      highWaterBytes: HIGH_WATER_BYTES,
      maxPacketBytes: this.traits.maxPacketBytes,
      remoteAddress: this.remoteAddress,
    });
    this.#drained = new Promise((resolve) => (this.#resolveDrained = resolve));
  }

  /** What the carrier tells; it outlives the faults. */
  readonly carrierSink: LinkSink = {
    onPacket: (bytes) => this.sink.onPacket(bytes),
    onWritable: () => {
      this.#carrierStopped = false;
      this.#forward();
    },
    onClosed: (error) => {
      this.#phase = "closed";
      this.#forget();
      this.sink.onClosed(error);
    },
  };

  send(parts: readonly Uint8Array[]): boolean {
    const bytes = this.#pressure.admit(parts, this.#phase === "open", this.#heldBytes);
    const cut = --this.#packetsLeft < 0;
    const lost = this.#loss > 0 && this.#random.float() < this.#loss;
    if (cut || (lost && this.traits.reliable)) {
      this.abort(new MeshError("link-lost", `a fault cut the link to ${this.remoteAddress}`));
      return false;
    }
    if (lost) return !this.#pressure.stopped;
    if (!this.#delayed) return this.#carrier.send(parts);
    this.#heldBytes += bytes;
    this.#line.send(parts, this.traits.ordered);
    return this.#pressure.queued(this.#heldBytes);
  }

  close(options?: { readonly signal?: AbortSignalLike }): Promise<void> {
    if (!this.#delayed || this.#phase === "closed") {
      if (this.#phase === "open") this.#phase = "closing";
      return this.#carrier.close(options);
    }
    this.#phase = "closing";
    if (this.#heldBytes === 0) this.#resolveDrained();
    const closed = this.#drained.then(() => this.#carrier.close());
    return untilClosed(closed, options?.signal, (error) => this.abort(error));
  }

  abort(error: MeshError): void {
    if (this.#phase === "closed") return;
    this.#phase = "closing";
    this.#forget();
    this.#carrier.abort(error);
  }

  #forget(): void {
    this.#line.clear();
    this.#ready = [];
    this.#heldBytes = 0;
    this.#resolveDrained();
  }

  #forward(): void {
    while (this.#ready.length > 0 && !this.#carrierStopped) {
      const parts = this.#ready.shift()!;
      for (const part of parts) this.#heldBytes -= part.byteLength;
      try {
        this.#carrierStopped = !this.#carrier.send(parts);
      } catch {
        // The other end has closed the carrier, which is about to say so.
        this.#forget();
      }
    }
    if (this.#heldBytes === 0 && this.#phase !== "open") this.#resolveDrained();
    if (this.#phase !== "open") return;
    if (!this.#delayed || this.#pressure.left(this.#heldBytes)) this.sink.onWritable();
  }
}
