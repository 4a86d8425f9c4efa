import { describeLink } from "@chaski/core/testing";
import { describe, it } from "vitest";
import { tcpPair } from "./tcp.fixture.ts";

describeLink({ describe, it }, "tcp over IPv4", () => tcpPair("127.0.0.1"));
describeLink({ describe, it }, "tcp over IPv6", () => tcpPair("::1"));
