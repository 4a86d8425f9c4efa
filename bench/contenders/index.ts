/** Every contender, for processes of Node. */
import { batch, type Contender, one } from "./contender.ts";
import { calls } from "./mesh-calls.ts";
import { topics } from "./mesh-topics.ts";
import { overGateway, overRelays, overTcp, overWebSocket } from "./mesh-ways.ts";
import type { ContenderName, WorkName } from "./names.ts";
import { rawTcp } from "./raw-tcp.ts";
import { rawWebSocket } from "./raw-websocket.ts";

export const contenders: Readonly<Record<Exclude<ContenderName, WorkName>, Contender>> = {
  "raw-tcp-batched": rawTcp(batch),
  "raw-tcp-unbatched": rawTcp(one),
  "raw-ws-batched": rawWebSocket(batch),
  "raw-ws-unbatched": rawWebSocket(one),
  "mesh-tcp": topics(overTcp),
  "mesh-tcp-relay": topics(overRelays),
  "mesh-tcp-relay-2": topics(overRelays),
  "mesh-ws": topics(overWebSocket),
  "mesh-relay": topics(overGateway),
  "mesh-tcp-call": calls(overTcp),
  "mesh-ws-call": calls(overWebSocket),
  "mesh-relay-call": calls(overGateway),
};
