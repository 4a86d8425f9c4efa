/**
 * One neighbour: a link, the handshake over it, then frames both ways. The driver: it owns the link and the timers
 * and decides nothing about other edges; that is the table's (`edges.ts`).
 */
import type { Subject } from "../auth/index.ts";
import type { Clock, Logger, Random } from "../base/clock.ts";
import { setDeadline } from "../base/deadline.ts";
import { asMeshError, ERROR_CODES, isMeshErrorCode, MeshError, type MeshErrorCode } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import { plainBytes } from "../base/plain-bytes.ts";
import { AbortController, dispose } from "../base/platform.ts";
import type { Flushable, Turn } from "../base/turn.ts";
import type { Link, LinkSink } from "../link/index.ts";
import {
  control,
  FRAME_HEAD_BYTES,
  FrameType,
  type IntroduceBody,
  type Lane,
  Lane as Lanes,
  type Role,
  readU32,
  SKIPPABLE,
} from "../wire/index.ts";
import { encodeHello, encodeIntroduce, encodeRefuse, type HandshakeState, type LocalNode, step } from "./handshake.ts";
import { KeepAlive } from "./keep-alive.ts";
import { Latency } from "./latency.ts";
import { type FrameSource, type LateFrames, Outbox } from "./outbox.ts";

/** What an edge needs of its node, and tells it. */
export interface EdgeHost {
  readonly local: LocalNode;
  readonly clock: Clock;
  readonly random: Random;
  readonly turn: Turn;
  readonly logger: Logger;
  /** Of a leaf: the newest that a gateway gave it, to show to the next; else empty. */
  ticket: Uint8Array;
  /** The other side has proven who it is. An error refuses the edge. */
  onIntroduced(edge: Edge): MeshError | undefined;
  onOpen(edge: Edge): void;
  /** The round trip was measured once more. */
  onMeasured(edge: Edge): void;
  /**
   * A frame of an open edge that is not the edge's own business, within the packet it came in.
   * @returns Where the next frame begins: behind this one, or behind more of its kind that were taken with it.
   * @throws {MeshError} to close the edge.
   */
  onFrame(edge: Edge, type: number, packet: Uint8Array, at: number, length: number): number;
  /** The other side is about to close, and asks this leaf to go elsewhere. */
  onDrain(edge: Edge): void;
  /** The edge has ended; its link may take a moment to close. `error` is undefined after an agreed end. */
  onClosed(edge: Edge, error: MeshError | undefined): void;
  /** Last call. */
  onLinkClosed(edge: Edge): void;
}

type Phase =
  | { readonly on: "handshake"; readonly state: HandshakeState; readonly them: IntroduceBody | undefined }
  | { readonly on: "open"; readonly them: IntroduceBody }
  | { readonly on: "closed"; readonly them: IntroduceBody | undefined };

/** How long a polite close may take before the link is dropped, in ms. */
const CLOSE_MS = 1_000;
/** The same for strangers: with `LIMITS.handshakeMs`, one that stalls is gone within 5 s. */
const REFUSE_MS = 500;

export class Edge implements LinkSink, Flushable {
  /** True when this node dialled. */
  readonly dialled: boolean;
  /** The address dialled, or where the other side comes from. */
  readonly address: string;
  /** The scheme of the link's own address: `tcp`, `ws`, `memory`; also where `https` was dialled. */
  readonly transport: string;
  readonly latency = new Latency();
  /** When the edge opened, wall clock in ms since 1970. */
  since = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Of a leaf: it said that it may be silent for long, and means to come back. */
  away = false;
  /** Of a leaf at its gateway: when it came here, and later than to any gateway before, in ms. */
  arrival = 0;
  /** What this node showed of its own, as a leaf. */
  shownTicket: Uint8Array | undefined;
  /** Bytes of whole frames that came in, by lane. */
  readonly laneBytesIn = [0, 0, 0, 0];

  readonly #host: EdgeHost;
  readonly #link: Link;
  readonly #credential: string;
  readonly #outbox: Outbox;
  #phase: Phase;
  /** Until the handshake is over. */
  readonly #timer: Disposable;
  readonly #onDrained: (() => void)[] = [];
  #queued = false;
  #writable = true;
  /** A control frame is missing: it ends when the work in hand is done. */
  #doomed = false;
  /** From the time it opens. */
  #keepAlive: KeepAlive | undefined;
  /** When our INTRODUCE was sent. */
  #introducedAtMs = 0;
  /** Of an edge that has ended: resolves when its link is closed. */
  #linkClosed: Promise<void> = Promise.resolve();

  constructor(
    host: EdgeHost,
    link: Link,
    options: { readonly dialled: boolean; readonly address: string; readonly credential: string },
  ) {
    this.#host = host;
    this.#link = link;
    this.dialled = options.dialled;
    this.address = options.address;
    this.transport = link.remoteAddress.slice(0, link.remoteAddress.indexOf(":"));
    this.#credential = options.credential;
    this.#outbox = new Outbox(link.traits.maxPacketBytes);
    const ourHello = encodeHello(host.random.bytes(control.NONCE_BYTES));
    this.#phase = { on: "handshake", state: { phase: "hello", ourHello }, them: undefined };
    this.#timer = setDeadline(host.clock, LIMITS.handshakeMs, () =>
      this.fail(new MeshError("timed-out", `no handshake within ${LIMITS.handshakeMs} ms from ${this.address}`)),
    );
    this.send(Lanes.control, [ourHello]);
  }

  get open(): boolean {
    return this.#phase.on === "open";
  }

  /** Who the other side is. @throws {MeshError} `closed` before it was introduced. */
  get peer(): IntroduceBody {
    if (!this.#phase.them) throw new MeshError("closed", `the node at ${this.address} never introduced itself`);
    return this.#phase.them;
  }

  get introduced(): boolean {
    return this.#phase.them !== undefined;
  }

  /** How long nothing came, in ms of this process's own running time. */
  get silentMs(): number {
    return this.#keepAlive?.silentMs ?? 0;
  }

  get id(): NodeId {
    return this.peer.id;
  }

  get role(): Role {
    return this.peer.role;
  }

  get subject(): Subject {
    return this.peer;
  }

  /** Whether we or they dialled: the id of the side that did. Settles which of two edges stays. */
  get diallerId(): NodeId {
    return this.dialled ? this.#host.local.identity.id : this.id;
  }

  /** Bytes of frames given to the link, by lane. */
  get laneBytesOut(): readonly number[] {
    return this.#outbox.laneBytes;
  }

  get queuedBytes(): number {
    return this.#outbox.queuedBytes();
  }

  /** Where feeds are asked for frames; `wake()` says that there are some. */
  set source(source: FrameSource | undefined) {
    this.#outbox.source = source;
  }

  /**
   * Queue one frame given in parts, which nobody may modify any more. A closed edge drops it.
   * @throws {MeshError} `overflow` when its lane is full; but a full control lane ends the edge, since no control frame
   *   may be missing, and whoever sends one to many neighbours must not stumble over the slowest.
   */
  send(lane: Lane, frame: readonly Uint8Array[]): void {
    this.#push(lane, frame);
  }

  /** Queue control frames that are made when the link takes them: what waits long is then as new as what does not. */
  sendLate(frames: LateFrames): void {
    this.#push(Lanes.control, frames);
  }

  #push(lane: Lane, frame: readonly Uint8Array[] | LateFrames): void {
    if (this.#phase.on === "closed" || this.#doomed) return;
    try {
      this.#outbox.push(lane, frame);
    } catch (error) {
      if (lane !== Lanes.control) throw error;
      this.#doomed = true;
      this.#host.turn.read({ flush: () => this.fail(asMeshError(error, "overflow")) });
      return;
    }
    this.wake();
  }

  /** There is something to write. */
  wake(): void {
    if (this.#queued || !this.#writable || this.#phase.on === "closed") return;
    this.#queued = true;
    this.#host.turn.write(this);
  }

  /** Ask for a sign of life now; without one within 3 s the edge ends. */
  probe(): void {
    this.#keepAlive?.probe();
  }

  /** Resolves when the link has taken everything that waits, or the edge is closed. */
  drained(): Promise<void> {
    if (this.#phase.on === "closed" || (this.#writable && !this.#queued)) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  #settleDrained(): void {
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }

  flush(): void {
    this.#queued = false;
    if (this.#phase.on === "closed" || !this.#writable) return;
    try {
      this.#keepAlive?.onWrite();
      this.#writable = this.#outbox.drain(this.#sendPacket);
      if (this.#writable) this.#settleDrained();
      else this.#keepAlive?.onBackedUp();
    } catch (error) {
      const failure = asMeshError(error, "link-lost");
      // A link that has ended is about to say why; that it is closed is no reason.
      if (failure.code === "closed") this.#writable = false;
      else this.fail(failure);
    }
  }

  readonly #sendPacket = (parts: readonly Uint8Array[]): boolean => {
    for (const part of parts) this.bytesOut += part.byteLength;
    return this.#link.send(parts);
  };

  /** Say goodbye and end; the table hears it now. Resolves when the link is closed. */
  close(code: MeshErrorCode = "goodbye", detail = "closed on purpose"): Promise<void> {
    return this.#end(
      code === "goodbye" ? undefined : new MeshError(code, detail),
      control.goodbye.encode({ code, detail }),
    );
  }

  /** End because of `error`: the other side gets its code, the log the detail. */
  fail(error: MeshError): void {
    const farewell =
      this.#phase.on === "handshake"
        ? encodeRefuse(error)
        : control.goodbye.encode({ code: error.code, detail: ERROR_CODES[error.code].about });
    void this.#end(error, farewell);
  }

  #end(error: MeshError | undefined, farewell: Uint8Array): Promise<void> {
    if (this.#phase.on === "closed") return this.#linkClosed;
    // What is queued, then the farewell, leave with a polite close; a link that does not take them is dropped.
    try {
      if (this.#writable) this.#outbox.drain(this.#sendPacket);
      this.#link.send([farewell]);
    } catch {
      // The link is closed or full; the close below settles either.
    }
    const withinMs = this.#phase.on === "handshake" ? REFUSE_MS : CLOSE_MS;
    this.#closed(error);
    this.#closeLink(withinMs);
    return this.#linkClosed;
  }

  /** Politely at first: the other side may never read what waits, nor end its half. */
  #closeLink(withinMs: number): void {
    const controller = new AbortController();
    const timer = this.#host.clock.setTimer(withinMs, () =>
      controller.abort(new MeshError("timed-out", "closing took too long")),
    );
    const done = (): void => timer[dispose]();
    this.#linkClosed = this.#link.close({ signal: controller.signal }).then(done, done);
  }

  #closed(error: MeshError | undefined): void {
    if (this.#phase.on === "closed") return;
    this.#phase = { on: "closed", them: this.#phase.them };
    this.#timer[dispose]();
    this.#keepAlive?.stop();
    this.#outbox.source = undefined;
    this.#settleDrained();
    this.#host.onClosed(this, error);
  }

  // ---- from the link

  /** Strangers get little room, leaves what they may send; a peer the whole. */
  get maxFrameBytes(): number {
    if (this.#phase.on === "handshake") return LIMITS.handshakeFrameBytes;
    return this.#phase.them?.role === "leaf" ? LIMITS.leafFrameBytes : LIMITS.frameBytes;
  }

  onPacket(received: Uint8Array): void {
    const packet = plainBytes(received);
    this.bytesIn += packet.byteLength;
    this.#keepAlive?.heard();
    this.#host.turn.run(() => {
      try {
        for (let at = 0; at < packet.byteLength; ) {
          if (this.#phase.on === "closed") return;
          const length = packet.byteLength - at >= 4 ? readU32(packet, at) : 0;
          if (length < FRAME_HEAD_BYTES || at + length > packet.byteLength) {
            throw new MeshError("malformed-frame", `a frame of ${length} bytes does not fit its packet`);
          }
          const next = this.#onFrame(packet, at, length);
          const lane = packet[at + 6]!;
          if (lane <= Lanes.bulk) this.laneBytesIn[lane]! += next - at;
          at = next;
        }
      } catch (error) {
        this.fail(asMeshError(error, "malformed-frame"));
      }
    });
  }

  onWritable(): void {
    this.#writable = true;
    this.#host.turn.run(() => this.wake());
  }

  onClosed(error: MeshError | undefined): void {
    this.#host.turn.run(() => {
      this.#closed(
        error ?? new MeshError("link-lost", `the node at ${this.address} closed the link without a goodbye`),
      );
      this.#host.onLinkClosed(this);
    });
  }

  /** @returns Where the next frame begins. */
  #onFrame(packet: Uint8Array, at: number, length: number): number {
    const type = packet[at + 4]!;
    if (this.#phase.on === "handshake") {
      this.#onHandshake(this.#phase.state, packet.subarray(at, at + length));
      return at + length;
    }
    switch (type) {
      case FrameType.data:
      case FrameType.unicast:
      case FrameType.bounce:
      case FrameType.denied:
        return this.#host.onFrame(this, type, packet, at, length);
      case FrameType.ping:
      case FrameType.pong:
      case FrameType.away:
      case FrameType.drain:
      case FrameType.ticket:
      case FrameType.refuse:
      case FrameType.goodbye:
        this.#onOwnFrame(type, packet.subarray(at, at + length));
        return at + length;
      default:
        if (length > LIMITS.controlFrameBytes) throw new MeshError("too-large", `a control frame of ${length} bytes`);
        return this.#host.onFrame(this, type, packet, at, length);
    }
  }

  #onOwnFrame(type: number, frame: Uint8Array): void {
    switch (type) {
      case FrameType.ping: {
        const { token, roundTripMicros } = control.ping.decode(frame);
        if (roundTripMicros > 0 && this.#host.local.role === "leaf") this.latency.add(roundTripMicros / 1000);
        return this.send(Lanes.control, [control.pong.encode({ token })]);
      }
      case FrameType.pong:
        return this.#onPong(control.pong.decode(frame).token);
      case FrameType.away:
        this.away = control.away.decode(frame).away && this.role === "leaf";
        return;
      case FrameType.drain:
        if (this.#host.local.role === "leaf") this.#host.onDrain(this);
        return;
      case FrameType.ticket:
        if (this.#host.local.role !== "leaf") throw new MeshError("malformed-frame", "a ticket is for a leaf");
        this.#host.ticket = control.ticket.decode(frame).ticket.slice();
        return;
      case FrameType.refuse: // it had accepted us, and then another edge to us
      case FrameType.goodbye: {
        const { code, detail } = control.goodbye.decode(frame);
        const known = isMeshErrorCode(code) ? code : "goodbye";
        this.#closed(new MeshError(known, `the other side ended the edge: ${detail}`));
        this.#closeLink(CLOSE_MS);
      }
    }
  }

  #onHandshake(state: HandshakeState, frame: Uint8Array): void {
    if (frame[4]! & SKIPPABLE) return;
    const result = step(state, this.#host.local, frame);
    switch (result.on) {
      case "introduce":
        this.#phase = { on: "handshake", state: result.state, them: undefined };
        this.#introducedAtMs = this.#host.clock.now();
        this.shownTicket = this.#host.ticket;
        this.send(Lanes.control, [encodeIntroduce(this.#host.local, result.state, this.#credential, this.shownTicket)]);
        return;
      case "introduced": {
        this.#phase = { on: "handshake", state: result.state, them: result.state.them };
        const refusal = this.#host.onIntroduced(this);
        if (refusal) throw refusal;
        this.send(Lanes.control, [control.accept.encode({})]);
        return;
      }
      case "accepted":
        this.#timer[dispose]();
        this.#phase = { on: "open", them: result.them };
        this.since = this.#host.clock.wallNow();
        // ACCEPT answers our INTRODUCE: the first round trip.
        this.latency.add(this.#host.clock.now() - this.#introducedAtMs);
        this.#host.logger.log("info", "edge open", {
          peer: result.them.id,
          name: result.them.name,
          address: this.address,
        });
        this.#startKeepAlive(result.them);
        this.#host.onOpen(this);
    }
  }

  #startKeepAlive(them: IntroduceBody): void {
    const edge = this;
    const { clock, turn, local } = this.#host;
    const asking = local.role === "leaf" ? "them" : them.role === "leaf" ? "us" : "both";
    this.#keepAlive = new KeepAlive(
      {
        clock,
        turn,
        link: this.#link,
        get bytesOut() {
          return edge.bytesOut;
        },
        ping: (token) => {
          const roundTripMicros = Math.min(Math.round((this.latency.roundTripMs ?? 0) * 1000), 0xffff_ffff);
          this.send(Lanes.control, [control.ping.encode({ token, roundTripMicros })]);
        },
        onDead: (silenceMs) =>
          this.fail(
            new MeshError("timed-out", `nothing heard from ${them.name} at ${this.address} for ${silenceMs} ms`),
          ),
      },
      asking,
    );
  }

  #onPong(token: number): void {
    const roundTripMs = this.#keepAlive?.answered(token);
    if (roundTripMs === undefined) return;
    this.latency.add(roundTripMs);
    this.#host.onMeasured(this);
  }
}
