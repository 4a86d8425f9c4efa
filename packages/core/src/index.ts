export type { Action, Authorize, Identity, Subject, Verifier } from "./auth/index.ts";
export { leafIdentity, SECRET_BYTES } from "./auth/index.ts";
export type { Clock, Logger, Random } from "./base/clock.ts";
export type { ListenerOptions } from "./base/emitter.ts";
export {
  ERROR_CODES,
  MeshError,
  type MeshErrorCode,
  type MeshErrorOptions,
  type RemoteFailure,
} from "./base/errors.ts";
export type { Handle } from "./base/handle.ts";
export type { NodeId } from "./base/ids.ts";
export type { Lifecycle, LifecycleEvent } from "./base/lifecycle.ts";
export { LIMITS, TIMINGS } from "./base/limits.ts";
export { type AbortSignalLike, asyncDispose, dispose } from "./base/platform.ts";
export type { Watch } from "./base/watch.ts";
export type { OfflinePolicy, RelayOptions } from "./delivery/index.ts";
export type { Discovered, DiscoverOptions, Subscriber } from "./discovery/index.ts";
export type { Link, LinkSink, LinkTraits, Listener, OnLink, Transport } from "./link/index.ts";
export type { Holdings, LeaveReason, NodeInfo, ServiceInstance, Topology, TopologyEdge } from "./mesh/index.ts";
export { createNode, MeshNode } from "./node.ts";
export type { Connection, Edge, EdgeStatus, NodeEvents, NodeStatus, Traffic } from "./node-info.ts";
export type { NodeOptions, Runtime } from "./node-options.ts";
export type { CallOptions, ExposeOptions, Remote, RemoteOptions, RemoteProperty } from "./rmi/index.ts";
export { peerParts, type RoleParts } from "./role-parts.ts";
export type {
  Drop,
  Gap,
  Headers,
  Message,
  MessageHandler,
  PublishOptions,
  SendOptions,
  SubscribeOptions,
  Subscription,
  SubscriptionEvents,
} from "./streamer/index.ts";
export { FrameSplitter, type GapReason, type Reliability, type Role } from "./wire/index.ts";
