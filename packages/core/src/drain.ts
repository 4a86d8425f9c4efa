/**
 * What a node that closes waits for, as long as it may: its leaves hang elsewhere, its calls and those of others are answered,
 * what it sent to single nodes is acknowledged, and what it has published is held by neighbours where anybody wants it.
 */
import type { Clock } from "./base/clock.ts";
import { MeshError } from "./base/errors.ts";
import type { NodeId } from "./base/ids.ts";
import { TIMINGS } from "./base/limits.ts";
import type { Feeds, Pipes } from "./delivery/index.ts";
import type { Edge, Edges } from "./edge/index.ts";
import type { Mesh } from "./mesh/index.ts";
import type { Calls } from "./rmi/index.ts";

/** Rooms of the node, which take nothing new any more. */
export interface Draining {
  readonly clock: Clock;
  readonly edges: Pick<Edges, "size" | "isHopeful" | "values">;
  readonly mesh: Pick<Mesh, "subscribers">;
  readonly feeds: Pick<Feeds, "handover" | "isRead">;
  readonly pipes: Pick<Pipes, "heldBytes">;
  readonly calls: Pick<Calls, "pendingCount" | "runningCount">;
  /** Whether the directory can be believed. */
  readonly joined: boolean;
  ping(node: NodeId, bytes: number, timeoutMs: number): Promise<unknown>;
}

/** Topics named in an error. */
const NAMED = 3;

/**
 * Resolves when nothing is left to wait for, or after `withinMs`: then perhaps with what was published and not handed on.
 * It looks again and again: what it waits for lies in many rooms, and none is to pay for that while the node lives.
 */
export async function drained(rooms: Draining, withinMs: number): Promise<MeshError | undefined> {
  const { clock } = rooms;
  const endsAtMs = clock.now() + withinMs;
  const receipts = new Receipts(rooms, endsAtMs);
  for (;;) {
    const leftMs = endsAtMs - clock.now();
    if (isAlone(rooms)) return undefined;
    const { messages, topics, edges } = rooms.feeds.handover((topic) => isReached(rooms, topic));
    if (topics.length > 0) receipts.forget();
    const isHeld = topics.length === 0 && (withinMs === 0 || receipts.complete(edges));
    if (isHeld && (leftMs <= 0 || !isBusy(rooms))) return undefined;
    if (leftMs <= 0) {
      const named = topics.slice(0, NAMED).map((topic) => `"${topic}"`);
      if (topics.length > NAMED) named.push(`${topics.length - NAMED} more topics`);
      return new MeshError(
        "timed-out",
        messages > 0
          ? `closed after ${withinMs} ms; messages not handed on: ${messages}, of ${named.join(", ")}`
          : `closed after ${withinMs} ms; neighbours did not say whether all has come that was published last`,
      );
    }
    await new Promise<void>((resolve) => void clock.setTimer(Math.min(leftMs, TIMINGS.drainLookMs), resolve));
  }
}

/** No edge, and none to come: there is nobody to give anything to. */
const isAlone = ({ edges }: Draining): boolean => edges.size === 0 && !edges.isHopeful;

function isBusy({ edges, calls, pipes }: Draining): boolean {
  if (calls.pendingCount + calls.runningCount + pipes.heldBytes > 0) return true;
  for (const { role } of edges.values()) if (role === "leaf") return true;
  return false;
}

/** Whether everybody who is known to want `topic` reads it from this node. */
function isReached({ edges, joined, mesh, feeds }: Draining, topic: string): boolean {
  if (edges.size === 0 || !joined) return false;
  const all = mesh.subscribers(topic);
  const reached = mesh.subscribers(topic, (edge) => feeds.isRead(edge, topic));
  return all.peers.length === reached.peers.length && all.leaves === reached.leaves;
}

/** Neighbours say that they hold what they were given: they answer in order what comes in order. */
class Receipts {
  readonly #rooms: Draining;
  readonly #endsAtMs: number;
  /** True for those that have answered. */
  #asked = new Map<Edge, boolean>();

  constructor(rooms: Draining, endsAtMs: number) {
    this.#rooms = rooms;
    this.#endsAtMs = endsAtMs;
  }

  /** More is given to them: what they have answered says nothing about that. */
  forget(): void {
    if (this.#asked.size > 0) this.#asked = new Map();
  }

  /** Whether all of `edges` have answered; who was not asked yet is. */
  complete(edges: ReadonlySet<Edge>): boolean {
    let isComplete = true;
    for (const edge of edges) {
      if (!this.#asked.has(edge)) void this.#ask(edge, this.#asked);
      isComplete &&= this.#asked.get(edge) === true;
    }
    return isComplete;
  }

  async #ask(edge: Edge, asked: Map<Edge, boolean>): Promise<void> {
    asked.set(edge, false);
    await edge.drained();
    try {
      await this.#rooms.ping(edge.id, 0, Math.max(1, this.#endsAtMs - this.#rooms.clock.now()));
      asked.set(edge, true);
    } catch (error) {
      // Who may not be asked has said so, behind all it was given. Others are asked again.
      if (error instanceof MeshError && error.code === "forbidden") asked.set(edge, true);
      else asked.delete(edge);
    }
  }
}
