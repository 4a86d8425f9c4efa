import { expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { Pinger } from "./pinger.ts";
import type { PortHandler, Unicast } from "./unicast.ts";

it("a ping believes only the node that it asked", async () => {
  const clock = new VirtualClock();
  let port!: PortHandler;
  let asked!: Uint8Array;
  const unicast: Pick<Unicast, "listen" | "send"> = {
    listen: (_port, handler) => void (port = handler),
    send: (_target, _port, _lane, payload) => void (asked = payload),
  };
  const pinger = new Pinger(clock, unicast as Unicast);
  const ping = pinger.ping({ node: "asked", home: "asked" }, 0, 1_000);
  const answer = asked.slice();
  answer[0] = 1;
  const stranger = { node: "stranger", home: "stranger" };
  port.onMessage(stranger, answer);
  port.onBounce(stranger, asked, "unreachable");
  clock.advance(5);
  port.onMessage({ node: "asked", home: "asked" }, answer);
  expect(await ping).toEqual({ roundTripMs: 5 });
});
