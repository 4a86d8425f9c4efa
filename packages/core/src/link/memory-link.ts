/** One end of an in-memory link. The other end and both wires live in the same process; only time separates them. */
import type { Clock } from "../base/clock.ts";
import { MeshError } from "../base/errors.ts";
import { type AbortSignalLike, dispose } from "../base/platform.ts";
import { Backpressure } from "./backpressure.ts";
import { untilClosed } from "./closing.ts";
import { DelayLine } from "./delay-line.ts";
import type { Link, LinkSink, LinkTraits } from "./link.ts";

const HIGH_WATER_BYTES = 1024 * 1024;

/** What travels: a packet, the agreed end (everything before it has arrived), or the news of an abort. */
type Item = Uint8Array | "up" | "end" | "reset";

export interface MemoryLinkOptions {
  readonly clock: Clock;
  readonly traits: LinkTraits;
  /** The endpoint this end belongs to, and the one at the other end. */
  readonly local: string;
  readonly remote: string;
  /** How long the next packet to the other end takes. */
  readonly delayMs: () => number;
  /** Called once, when this end is closed and its sink is about to hear so. */
  readonly onGone: (link: MemoryLink) => void;
}

export class MemoryLink implements Link {
  readonly traits: LinkTraits;
  readonly remoteAddress: string;
  readonly local: string;
  readonly remote: string;
  /** Who hears this end; whoever makes the link sets it before anything can arrive. */
  sink: LinkSink = { onPacket() {}, onWritable() {}, onClosed() {} };
  /** Called when the other end has taken the link; for the dialler only. */
  onUp: (() => void) | undefined;
  /** The other end; set once, by whoever makes the pair. */
  other!: MemoryLink;

  readonly #clock: Clock;
  readonly #onGone: (link: MemoryLink) => void;
  readonly #wire: DelayLine<Item>;
  readonly #pressure: Backpressure;
  readonly #closed: Promise<void>;
  #resolveClosed!: () => void;
  #phase: "open" | "closing" | "closed" = "open";
  /** Sent and not yet arrived. */
  #waitingBytes = 0;
  /** Nothing this end sends arrives any more, and it has not noticed yet. */
  #severed = false;
  #detection: Disposable | undefined;

  constructor(options: MemoryLinkOptions) {
    this.traits = options.traits;
    this.local = options.local;
    this.remote = options.remote;
    this.remoteAddress = `memory://${options.remote}`;
    this.#clock = options.clock;
    this.#onGone = options.onGone;
    this.#wire = new DelayLine<Item>({
      clock: options.clock,
      delayMs: options.delayMs,
      arrive: (item) => this.#arrived(item),
    });
    this.#pressure = new Backpressure({
      highWaterBytes: HIGH_WATER_BYTES,
      maxPacketBytes: options.traits.maxPacketBytes,
      remoteAddress: this.remoteAddress,
    });
    this.#closed = new Promise((resolve) => (this.#resolveClosed = resolve));
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  send(parts: readonly Uint8Array[]): boolean {
    const bytes = this.#pressure.admit(parts, this.#phase === "open", this.#waitingBytes);
    this.#waitingBytes += bytes;
    if (!this.#severed && bytes > 0) this.#wire.send(copyOf(parts, bytes), this.traits.ordered);
    return this.#pressure.queued(this.#waitingBytes);
  }

  close(options?: { readonly signal?: AbortSignalLike }): Promise<void> {
    if (this.#phase === "closed") return this.#closed;
    if (this.#phase === "open") {
      this.#phase = "closing";
      if (!this.#severed) this.#wire.send("end", true);
    }
    return untilClosed(this.#closed, options?.signal, (error) => this.abort(error));
  }

  abort(error: MeshError): void {
    if (this.#phase === "closed") return;
    this.#wire.clear();
    if (!this.#severed) this.#wire.send("reset", true);
    this.#finish(error);
  }

  /** For the dialling side: tell it, before anything else sent here, that the link is up. */
  sendUp(): void {
    this.#wire.send("up", true);
  }

  /** What is on its way is lost, and after `detectMs` this end learns that the link is dead. */
  sever(detectMs: number, why: string): void {
    this.#severed = true;
    this.#wire.clear();
    if (this.#phase === "closed" || this.#detection) return;
    this.#detection = this.#clock.setTimer(detectMs, () => this.#finish(new MeshError("link-lost", why)));
  }

  /** Something sent here has arrived at the other end. */
  #arrived(item: Item): void {
    this.other.#receive(item);
    if (typeof item === "string") return;
    this.#waitingBytes -= item.byteLength;
    if (this.#pressure.left(this.#waitingBytes) && this.#phase === "open") this.sink.onWritable();
  }

  #receive(item: Item): void {
    if (this.#phase === "closed" || this.#severed) return;
    if (typeof item !== "string") this.sink.onPacket(item);
    else if (item === "up") this.onUp?.();
    else if (item === "reset") {
      this.#wire.clear();
      this.#finish(new MeshError("link-lost", `${this.remoteAddress} ended the link`));
    } else {
      // The agreed end: what waits here still leaves, then the other end hears the same.
      if (this.#phase === "open") this.#wire.send("end", true);
      this.#finish(undefined);
    }
  }

  #finish(error: MeshError | undefined): void {
    this.#phase = "closed";
    this.#detection?.[dispose]();
    this.#detection = undefined;
    this.#onGone(this);
    this.#clock.soon(() => {
      this.#resolveClosed();
      this.sink.onClosed(error);
    });
  }
}

function copyOf(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  if (parts.length === 1) return parts[0]!.slice();
  const packet = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    packet.set(part, at);
    at += part.byteLength;
  }
  return packet;
}
