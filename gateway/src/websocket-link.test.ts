import { describeLink } from "@chaski/core/testing";
import { describe, it } from "vitest";
import { channelPair, webSocketPair } from "./websocket.fixture.ts";

describeLink({ describe, it }, "WebSocket of ws to the gateway", webSocketPair);
describeLink({ describe, it }, "channel of a WebSocket of ws to the gateway", channelPair);
