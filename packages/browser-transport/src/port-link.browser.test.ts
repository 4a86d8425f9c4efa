import { describeLink } from "@chaski/core/testing";
import { describe, it } from "vitest";
import { portPair } from "./port-link.fixture.ts";

describeLink({ describe, it }, "MessagePort of a browser", portPair);
