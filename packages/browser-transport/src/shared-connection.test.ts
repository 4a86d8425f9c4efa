import { MeshError } from "@chaski/core";
import type { Transport } from "@chaski/core/link";
import { ChannelKind, channelMessage } from "@chaski/websocket";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HubLab, messagesArrive } from "./hub/hub.fixture.ts";
import { type SharedWorkerLike, viaSharedWorker } from "./shared-connection.ts";

const never = new AbortController().signal;
const ONE = "ws://one/mesh";
const TWO = "ws://two/mesh";

beforeEach(() => void vi.stubGlobal("SharedWorker", class {}));
afterEach(() => void vi.unstubAllGlobals());

/** A tab of the lab's hub, or of another worker. */
function tabOf(lab: HubLab, connect = (): SharedWorkerLike => lab.worker()) {
  const own: string[] = [];
  const warnings: string[] = [];
  const transport: Transport = {
    schemes: ["ws"],
    checkAddress: () => {},
    dial: async (address) => void own.push(address),
  };
  const shared = viaSharedWorker(connect)({
    join: [ONE, TWO],
    clock: lab.tabClock,
    lifecycle: undefined,
    own: transport,
    warn: (text) => void warnings.push(text),
  });
  return {
    own,
    warnings,
    /** @returns Where its link leads to. */
    dial: async (address: string, signal = never): Promise<string | undefined> => {
      const before = lab.tabs.length;
      await shared.dial(address, lab.onTabLink, { signal });
      return lab.tabs[before]?.link.remoteAddress;
    },
  };
}

/** The worker's end of a port, which a test speaks for. */
function worker(onPort: (port: MessagePort) => void): () => SharedWorkerLike {
  return () => {
    const { port1, port2 } = new MessageChannel();
    onPort(port2);
    return { port: port1, addEventListener: () => {} };
  };
}

describe("viaSharedWorker()", () => {
  it("leads tabs together, but none back to where its last link was lost", async () => {
    await using lab = new HubLab();
    const [first, second] = [tabOf(lab), tabOf(lab)];
    expect([await first.dial(ONE), await second.dial(TWO)]).toEqual([`port:${ONE}`, `port:${ONE}`]);
    // The gateway sends one tab away, as one that drains does.
    lab.accepted[1]!.link.abort(new MeshError("goodbye", "a test"));
    await lab.tabs[1]!.sink.closed;
    expect(await second.dial(TWO)).toBe(`port:${TWO}`);
    // The other follows to where the first is.
    lab.accepted[0]!.link.abort(new MeshError("goodbye", "a test"));
    await lab.tabs[0]!.sink.closed;
    await messagesArrive();
    expect([await first.dial(ONE), lab.hub.sockets]).toEqual([`port:${TWO}`, 1]);
    // An address outside of `join` is meant as it is.
    lab.gateways.add("ws://three/mesh");
    expect(await first.dial("ws://three/mesh")).toBe("port:ws://three/mesh");
  });

  it("takes a connection of its own, for good, when the worker is of another version", async () => {
    await using lab = new HubLab();
    let ended = 0;
    const tab = tabOf(
      lab,
      worker((port) => {
        port.addEventListener("close", () => ended++);
        const welcome = channelMessage(ChannelKind.welcome, 1);
        welcome[5] = 1;
        port.postMessage(welcome.buffer, [welcome.buffer]);
        port.start();
      }),
    );
    await tab.dial(ONE);
    await tab.dial(TWO);
    expect([tab.own, tab.warnings]).toEqual([[ONE, TWO], [expect.stringContaining("of another version")]]);
    await expect.poll(() => ended).toBe(1);
  });

  it("takes a connection of its own when the worker says nothing for 5 s", async () => {
    await using lab = new HubLab();
    const ports: MessagePort[] = [];
    const tab = tabOf(
      lab,
      worker((port) => void ports.push(port)),
    );
    const dialled = tab.dial(ONE);
    for (let ms = 0; ms < 5_000; ms += 500) lab.tabClock.advance(500);
    await dialled;
    expect([tab.own, tab.warnings]).toEqual([[ONE], [expect.stringContaining("silent for 5000 ms")]]);
    for (const port of ports) port.close();
  });

  it("gives a dial up when it is told to, and stays with the worker", async () => {
    await using lab = new HubLab();
    const tab = tabOf(lab);
    const controller = new AbortController();
    lab.gateways.clear();
    const dialled = tab.dial(ONE, controller.signal);
    await messagesArrive();
    expect([lab.hub.tabs, lab.hub.sockets]).toEqual([1, 1]);
    controller.abort("enough");
    await expect(dialled).rejects.toBe("enough");
    await messagesArrive();
    expect([lab.hub.tabs, lab.hub.sockets]).toEqual([0, 0]);
    lab.gateways.add(ONE);
    expect([await tab.dial(ONE), tab.own, tab.warnings]).toEqual([`port:${ONE}`, [], []]);
  });
});
