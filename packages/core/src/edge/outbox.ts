/**
 * What waits to leave over one edge: queued frames by lane, and the feeds' source, which is asked for frames only
 * when the link takes some. Control goes first, then calls, then feeds, then bulk.
 */
import { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { Lane } from "../wire/index.ts";
import { PacketBuilder } from "./packet-builder.ts";

/** Where feeds give their frames. */
export interface FrameSource {
  /** Add frames to the packet until it holds `untilBytes` or nothing waits. */
  pull(packet: PacketBuilder, untilBytes: number): void;
}

/** Frames that are made when the link takes them, one by one; undefined after the last. */
export type LateFrames = () => Uint8Array | undefined;

interface Queue {
  frames: (readonly Uint8Array[] | LateFrames)[];
  /** Frames before this one have left. */
  next: number;
  byteLength: number;
}

/** Stands where a frame was that has left. */
const LEFT: readonly Uint8Array[] = [];
/** So many places of frames that have left may be kept in any case; beyond, at most half of all. */
const KEPT_PLACES = 1_024;

const LANES = [Lane.control, Lane.reliable, Lane.volatile, Lane.bulk] as const;

/** A packet is closed when it holds this much. */
const PACKET_BYTES = 64 * 1024;

export class Outbox {
  readonly #queues: Queue[] = LANES.map(() => ({ frames: [], next: 0, byteLength: 0 }));
  readonly #packet = new PacketBuilder();
  readonly #packetBytes: number;
  source: FrameSource | undefined;

  /** @param maxPacketBytes What the link takes at most. */
  constructor(maxPacketBytes: number) {
    this.#packetBytes = Math.min(PACKET_BYTES, maxPacketBytes);
  }

  /** Queue one frame given in parts. @throws {MeshError} `overflow` when its lane is full; nothing is queued then. */
  push(lane: Lane, frame: readonly Uint8Array[] | LateFrames): void {
    const queue = this.#queues[lane]!;
    let byteLength = 0;
    if (typeof frame !== "function") for (const part of frame) byteLength += part.byteLength;
    const waiting = queue.frames.length - queue.next;
    const isFull = queue.byteLength + byteLength > LIMITS.laneQueueBytes || waiting >= LIMITS.laneQueueFrames;
    if (waiting > 0 && isFull) {
      throw new MeshError(
        "overflow",
        `${queue.byteLength} bytes in ${waiting} frames wait in lane ${lane} already; the neighbour reads too slowly`,
      );
    }
    queue.frames.push(frame);
    queue.byteLength += byteLength;
  }

  /** Bytes that have left so far, by lane. */
  get laneBytes(): readonly number[] {
    return this.#packet.laneBytes;
  }

  queuedBytes(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.byteLength, 0);
  }

  /** Write packets until nothing waits or `send` says stop. True when everything left. */
  drain(send: (parts: readonly Uint8Array[]) => boolean): boolean {
    const packet = this.#packet;
    for (;;) {
      this.#take(Lane.control);
      this.#take(Lane.reliable);
      this.#take(Lane.volatile);
      if (packet.byteLength < this.#packetBytes) this.source?.pull(packet, this.#packetBytes);
      this.#take(Lane.bulk);
      if (packet.byteLength === 0) return true;
      if (!send(packet.take())) return false;
    }
  }

  #take(lane: Lane): void {
    const queue = this.#queues[lane]!;
    this.#packet.lane = lane;
    while (queue.next < queue.frames.length && this.#packet.byteLength < this.#packetBytes) {
      const frame = queue.frames[queue.next]!;
      if (typeof frame === "function") {
        const made = frame();
        if (made) this.#packet.addWhole(made);
        else queue.frames[queue.next++] = LEFT;
        continue;
      }
      queue.frames[queue.next++] = LEFT;
      for (const part of frame) {
        queue.byteLength -= part.byteLength;
        this.#packet.addWhole(part);
      }
    }
    this.#packet.lane = Lane.control;
    const { next, frames } = queue;
    // A queue that never runs empty must not keep the places of what has left.
    if (next > 0 && (next === frames.length || (next > KEPT_PLACES && next * 2 > frames.length))) {
      queue.frames = next === frames.length ? [] : frames.slice(next);
      queue.next = 0;
    }
  }
}
