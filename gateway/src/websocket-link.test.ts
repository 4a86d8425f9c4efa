import { describeLink } from "@chaski/core/testing";
import { describe, it } from "vitest";
import { webSocketPair } from "./websocket.fixture.ts";

describeLink({ describe, it }, "WebSocket of ws to the gateway", webSocketPair);
