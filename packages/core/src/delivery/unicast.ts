/**
 * Messages from one node to one node, hop by hop: the carrier of pipes and of questions. A relay keeps nothing: what cannot
 * go on comes back as a bounce, and what a dying edge had in hand is lost; whoever sent it sends it again or times out.
 */
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import type { Edge } from "../edge/index.ts";
import {
  type Address,
  decodeUnicastHead,
  encodeUnicast,
  encodeUnicastHead,
  FrameType,
  Lane,
  PIPE_HEAD_BYTES,
  type Port,
  UNICAST_HEAD_BYTES,
  type UnicastHead,
  type UnicastType,
} from "../wire/index.ts";
import type { Ingress } from "./ingress.ts";

export interface UnicastHost {
  readonly self: NodeId;
  /** Largest payload this node may send. */
  readonly maxPayloadBytes: number;
  readonly ingress: Ingress;
  /** Where this node is reached itself. */
  home(): NodeId;
  edge(id: NodeId): Edge | undefined;
  nextHop(peer: NodeId): Edge | undefined;
}

/** What a port does with what comes in. */
export interface PortHandler {
  onMessage(source: Address, payload: Uint8Array): void;
  /** `payload`, sent to `target` before, found no way, or was not allowed to pass. */
  onBounce(target: Address, payload: Uint8Array, why: "unreachable" | "forbidden"): void;
}

export class Unicast {
  readonly #host: UnicastHost;
  readonly #ports = new Map<number, PortHandler>();

  constructor(host: UnicastHost) {
    this.#host = host;
  }

  /** Largest payload this node may send. */
  get maxPayloadBytes(): number {
    return this.#host.maxPayloadBytes;
  }

  listen(port: Port, handler: PortHandler): void {
    this.#ports.set(port, handler);
  }

  /**
   * Send `payload`, which is copied.
   * @returns The edge it leaves by; undefined when the target is this node.
   * @throws {MeshError} `unreachable` when no way is known now, `overflow`, `too-large`.
   */
  send(target: Address, port: Port, lane: Lane, payload: Uint8Array): Edge | undefined {
    const { self } = this.#host;
    this.checkSize(payload);
    if (target.node === self) {
      this.#ports.get(port)?.onMessage({ node: self, home: this.home }, payload.slice());
      return undefined;
    }
    const edge = this.wayTo(target);
    if (!edge) throw new MeshError("unreachable", `no way to node ${target.node} is known`);
    edge.send(lane, [encodeUnicast(FrameType.unicast, this.headTo(target, port, lane), payload)]);
    return edge;
  }

  /** @throws {MeshError} `too-large` */
  checkSize({ byteLength }: Uint8Array): void {
    if (byteLength > this.maxPayloadBytes)
      throw new MeshError(
        "too-large",
        `a message of ${byteLength} bytes, more than the ${this.maxPayloadBytes} allowed; send it in parts`,
      );
  }

  /** Where this node is reached. */
  get home(): NodeId {
    return this.#host.home();
  }

  /** The head of a unicast that begins here. */
  headTo(target: Address, port: Port, lane: Lane): UnicastHead {
    return { port, lane, hops: LIMITS.hops, target, source: { node: this.#host.self, home: this.home } };
  }

  /** @throws {MeshError} to close the edge. */
  onFrame(edge: Edge, type: UnicastType, frame: Uint8Array): void {
    const head = decodeUnicastHead(frame);
    if (head.hops > LIMITS.hops)
      throw new MeshError(
        "malformed-frame",
        `a unicast with ${head.hops} hops left, more than the ${LIMITS.hops} allowed`,
      );
    if (edge.role === "leaf" && head.source.node !== edge.id)
      throw new MeshError("malformed-frame", `leaf ${edge.id} sent in the name of ${head.source.node}`);
    const payload = frame.subarray(UNICAST_HEAD_BYTES);
    if (edge.role === "leaf" && payload.byteLength > LIMITS.leafMessageBytes + PIPE_HEAD_BYTES)
      throw new MeshError("too-large", `a message of ${payload.byteLength} bytes from a leaf`);
    if (!this.#admits(edge, head)) return this.#bounce(type, FrameType.denied, head, payload);
    if (head.target.node === this.#host.self) return this.#deliver(type, head, payload);
    const way = head.hops > 1 ? this.wayTo(head.target) : undefined;
    if (!way || way === edge) return this.#bounce(type, FrameType.bounce, head, payload);
    // The head is copied in any case: the frame may be a view of a packet that others read too.
    const isWhole = isSmallPart(frame);
    const onward = isWhole ? frame.slice() : frame.slice(0, UNICAST_HEAD_BYTES);
    onward[7] = head.hops - 1;
    try {
      way.send(head.lane, isWhole ? [onward] : [onward, payload]);
    } catch (error) {
      if (!(error instanceof MeshError) || error.code !== "overflow") throw error;
      this.#bounce(type, FrameType.bounce, head, payload); // the way is full; its slowness must not close the edge it came by
    }
  }

  /** Calls are asked about, and whether this node takes part in them when they go on to another peer. */
  #admits(edge: Edge, { target, source }: UnicastHead): boolean {
    const { ingress, self } = this.#host;
    return (
      ingress.admits(edge, "call", target.node) && (target.home === self || ingress.admits(edge, "relay", source.node))
    );
  }

  #deliver(type: UnicastType, head: UnicastHead, payload: Uint8Array): void {
    const handler = this.#ports.get(head.port);
    if (!handler) return; // a port of a later version: nobody answers, the caller times out
    if (type === FrameType.unicast) return handler.onMessage(head.source, payload);
    handler.onBounce(head.source, payload, type === FrameType.denied ? "forbidden" : "unreachable");
  }

  /** Send it back once; what comes back and finds no way, or a full one, is dropped: whoever asked will time out. */
  #bounce(type: UnicastType, as: UnicastType, head: UnicastHead, payload: Uint8Array): void {
    if (type !== FrameType.unicast) return;
    const back = { ...head, hops: LIMITS.hops, target: head.source, source: head.target };
    const bounce = isSmallPart(payload)
      ? [encodeUnicast(as, back, payload)]
      : [encodeUnicastHead(as, back, payload.byteLength), payload];
    try {
      this.wayTo(back.target)?.send(Lane.reliable, bounce);
    } catch (error) {
      if (!(error instanceof MeshError) || error.code !== "overflow") throw error;
    }
  }

  /** The edge that leads there now. */
  wayTo(target: Address): Edge | undefined {
    const direct = this.#host.edge(target.node);
    if (direct) return direct;
    return target.home === this.#host.self ? undefined : this.#host.nextHop(target.home);
  }
}

/** Whether a view that waits would keep far more alive than itself: the packet it came in. */
const isSmallPart = (view: Uint8Array): boolean => view.byteLength * 2 < view.buffer.byteLength;
