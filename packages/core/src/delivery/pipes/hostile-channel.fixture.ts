/** Pipes of several nodes over a channel that loses, doubles, delays and returns what it carries; no mesh is behind it. */
import type { NodeId } from "../../base/ids.ts";
import { LIMITS } from "../../base/limits.ts";
import { Turn } from "../../base/turn.ts";
import type { Edge } from "../../edge/index.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { VirtualClock } from "../../testing/virtual-clock.ts";
import {
  type Address,
  decodeUnicastHead,
  encodeUnicast,
  FrameType,
  Lane,
  PipeKind,
  type Port,
  readPipeHead,
  UNICAST_HEAD_BYTES,
} from "../../wire/index.ts";
import type { PortHandler, Unicast } from "../unicast.ts";
import { Pipes, type PipesReader } from "./pipes.ts";

export interface Weather {
  /** Chances, 0 to 1. */
  readonly loss: number;
  readonly twice: number;
  readonly bounce: number;
  /** One way, in ms, each frame by itself: so they overtake each other. */
  readonly delayMs: readonly [least: number, most: number];
}

const CALM: Weather = { loss: 0, twice: 0, bounce: 0, delayMs: [1, 1] };

/** One life of a node. */
export interface End {
  readonly node: NodeId;
  readonly incarnation: number;
  readonly pipes: Pipes;
  /** What its pipes gave it, by sender. */
  readonly received: { readonly from: NodeId; readonly message: Uint8Array }[];
  /** Whom it lost. */
  readonly lost: string[];
  home: NodeId;
  readonly awaited: Set<NodeId>;
}

export class HostileChannel {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly #ends = new Map<NodeId, End>();
  readonly #handlers = new Map<End, PortHandler>();
  /** Nodes that no record tells of, as leaves. */
  readonly leaves = new Set<NodeId>();
  /** Nodes that no directory tells of. */
  readonly unlisted = new Set<NodeId>();
  /** Nodes that gateways were asked for. */
  readonly sought: NodeId[] = [];
  /** Frames that were carried. */
  carried = 0;
  /** How often pipes asked who is awaited. */
  awaitedAsked = 0;
  weather: Weather = CALM;
  /** What each node's messages are read by; `received` by default. */
  reader: (end: End) => Partial<PipesReader> = () => ({});
  #incarnation = 1_000;
  readonly #lastPipe = new Map<NodeId, number>();

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  /** Begin a life of `node`; a former one hears nothing any more, and is heard no more. */
  start(node: NodeId, home: NodeId = node): End {
    const incarnation = this.#incarnation++;
    const received: End["received"] = [];
    const lost: string[] = [];
    const awaited = new Set<NodeId>();
    const turn = new Turn(this.clock);
    const handler: { now?: PortHandler } = {};
    const edge = {
      send: (_lane: Lane, [frame]: readonly Uint8Array[]) => this.#carry(end, frame!),
    } as unknown as Edge;
    const unicast = {
      checkSize: () => {},
      get home() {
        return end?.home ?? home;
      },
      listen: (_port: Port, ports: PortHandler) => void (handler.now = ports),
      headTo: (target: Address, port: Port, lane: Lane) => ({
        ...{ port, lane, hops: LIMITS.hops, target: { node: target.node, home: target.home } },
        source: { node, home: end.home },
      }),
      wayTo: () => edge,
      send: (target: Address, port: Port, lane: Lane, payload: Uint8Array) =>
        edge.send(lane, [encodeUnicast(FrameType.unicast, unicast.headTo(target, port, lane), payload)]),
    };
    const reader: PipesReader = {
      onMessage: (from, message) => {
        received.push({ from, message: message.slice() });
        this.reader(end).onMessage?.(from, message);
      },
      onLost: (other, why) => void lost.push(`${other} ${why}`),
      awaited: () => {
        this.awaitedAsked++;
        return awaited;
      },
    };
    let end!: End;
    const pipes = new Pipes(
      {
        ...{ self: node, clock: this.clock, random: this.random, turn, unicast: unicast as unknown as Unicast },
        incarnation: () => incarnation,
        incarnationOf: (other) => (this.leaves.has(other) ? undefined : this.#ends.get(other)?.incarnation),
        seek: (leaf) => void this.sought.push(leaf),
        homeOf: (other) => (this.unlisted.has(other) ? undefined : this.#ends.get(other)?.home),
        isReachable: () => true,
      },
      reader,
    );
    end = { node, incarnation, pipes, received, lost, home, awaited };
    this.#ends.set(node, end);
    this.#handlers.set(end, {
      onMessage: (source, payload) => turn.run(() => handler.now!.onMessage(source, payload)),
      onBounce: (target, payload, why) => turn.run(() => handler.now!.onBounce(target, payload, why)),
    });
    return end;
  }

  /** The node dies without a word. */
  kill(end: End): void {
    this.#ends.delete(end.node);
  }

  /** Hand a frame to a node as if it had come from `source`. */
  injectInto(end: End): (source: Address, payload: Uint8Array) => void {
    return (source, payload) => this.#handlers.get(end)!.onMessage(source, payload);
  }

  /** Of the pipe in which `node` sent something last. */
  numberOfPipe(node: NodeId): number {
    return this.#lastPipe.get(node)!;
  }

  /** Everybody hears that something has changed. */
  tell(): void {
    for (const { pipes } of this.#ends.values()) pipes.onMeshChange();
  }

  #carry(from: End, frame: Uint8Array): void {
    this.carried++;
    const { loss, twice, bounce } = this.weather;
    if (this.#ends.get(from.node) !== from) return;
    const { target, source } = decodeUnicastHead(frame);
    const payload = frame.slice(UNICAST_HEAD_BYTES);
    const head = readPipeHead(payload)!;
    if (head.kind === PipeKind.data) this.#lastPipe.set(from.node, head.pipe);
    const there = this.#ends.get(target.node);
    if (there?.home !== target.home || this.random.float() < bounce)
      return this.#later(() => {
        if (this.#ends.get(from.node) === from) this.#handlers.get(from)!.onBounce(target, payload, "unreachable");
      });
    for (let copies = this.random.float() < twice ? 2 : 1; copies > 0; copies--)
      if (this.random.float() >= loss)
        this.#later(() => {
          const now = this.#ends.get(target.node);
          if (now) this.#handlers.get(now)!.onMessage(source, payload.slice());
        });
  }

  #later(work: () => void): void {
    const [least, most] = this.weather.delayMs;
    this.clock.setTimer(least + this.random.float() * (most - least), work);
  }
}

export const message = (number: number, bytes = 4): Uint8Array => {
  const made = new Uint8Array(bytes);
  new DataView(made.buffer).setUint32(0, number);
  return made;
};

export const numberOf = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);

export { Lane };
