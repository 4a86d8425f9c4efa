/** What a node tells of itself and its mesh: plain values, true when they were asked for. */
import type { MeshError, MeshErrorCode } from "./base/errors.ts";
import type { NodeId } from "./base/ids.ts";
import type { FeedCounters, PipeCounters } from "./delivery/index.ts";
import type { Edge as EdgeDriver, TicketCounters } from "./edge/index.ts";
import type { Holdings, LeaveReason, NodeInfo, OldNews, ServiceInstance } from "./mesh/index.ts";
import { Lane, type Role } from "./wire/index.ts";

/** One neighbour, as it is now. */
export interface Edge {
  readonly peer: NodeInfo;
  /** What carries it: `tcp`, `ws`, `wss`, `memory`. */
  readonly transport: string;
  readonly address: string;
  /** Round trip, smoothed, in ms; undefined before the first measurement. */
  readonly latencyMs: number | undefined;
  /** How much it varies, in ms; undefined as long as the latency is. */
  readonly jitterMs: number | undefined;
  /** Held by pairing. */
  readonly paired: boolean;
  /** Wall clock when it opened, ms since 1970-01-01 UTC. */
  readonly since: number;
}

export interface Connection {
  /** `connecting` before the first edge, `degraded` when only some of the addresses joined are up. */
  readonly state: "connecting" | "online" | "degraded" | "offline";
  /** Wall clock when this state began, ms since 1970-01-01 UTC. */
  readonly since: number;
  /** Why it is not online, for people. */
  readonly reason: string | undefined;
}

/** Bytes since the edge opened. */
export interface Traffic {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface EdgeStatus extends Edge, Traffic {
  /** Of these, what whole frames took: control frames, reliable messages and calls, volatile messages, files. */
  readonly lanes: Readonly<Record<keyof typeof Lane, Traffic>>;
  /** What waits to leave. */
  readonly queuedBytes: number;
}

export interface NodeStatus {
  readonly id: NodeId;
  readonly name: string;
  readonly role: Role;
  readonly connection: Connection;
  readonly edges: readonly EdgeStatus[];
  /** What was asked to be joined, and how it stands. */
  readonly joins: readonly { readonly address: string; readonly phase: string; readonly reason: string | undefined }[];
  readonly services: readonly ServiceInstance[];
  readonly directory: Holdings;
  readonly log: { readonly bytes: number; readonly flows: number };
  /** `refused`: requests of neighbours that `authorize` did not allow. */
  readonly counters: Readonly<FeedCounters> & Readonly<OldNews> & { readonly refused: number };
  /** Of a gateway: what its leaves were given, and showed it. */
  readonly tickets: TicketCounters | undefined;
  readonly calls: { readonly pending: number; readonly running: number };
  /** Of `nodes` others that something went to or came from lately; `queuedBytes` wait to be acknowledged. */
  readonly pipes: Readonly<PipeCounters> & { readonly nodes: number; readonly queuedBytes: number };
}

export interface NodeEvents {
  edgeopen: Edge;
  /**
   * `reason` is `goodbye` when either side ended it on purpose, `draining` when a gateway that closes asked its leaf to go, else
   * the code of `error`; without one it was this side.
   */
  edgeclose: { readonly edge: Edge; readonly reason: MeshErrorCode; readonly error: MeshError | undefined };
  /** A peer or gateway can be reached. */
  nodejoin: NodeInfo;
  /** It cannot be any more, or lives anew: then it joins again at once. */
  nodeleave: { readonly node: NodeInfo; readonly reason: LeaveReason };
  connection: Connection;
  /** Whatever went wrong without anybody waiting for it: a refused link, a handler that threw, an undecodable message. */
  error: unknown;
}

/** What is told of an edge. */
export function edgeInfo(edge: EdgeDriver): Edge {
  const { id, name, role } = edge.peer;
  return {
    peer: { id, name, role },
    transport: edge.transport,
    address: edge.address,
    latencyMs: edge.latency.roundTripMs,
    jitterMs: edge.latency.roundTripMs === undefined ? undefined : edge.latency.jitterMs,
    paired: false,
    since: edge.since,
  };
}

/** What is told of an edge where numbers matter. */
export function edgeStatus(edge: EdgeDriver): EdgeStatus {
  const { bytesIn, bytesOut, laneBytesIn, laneBytesOut, queuedBytes } = edge;
  const lanes = Object.entries(Lane).map(
    ([name, lane]) => [name, { bytesIn: laneBytesIn[lane]!, bytesOut: laneBytesOut[lane]! }] as const,
  );
  return { ...edgeInfo(edge), bytesIn, bytesOut, lanes: Object.fromEntries(lanes) as EdgeStatus["lanes"], queuedBytes };
}
