import { MeshError } from "@chaski/core";
import { describeLink } from "@chaski/core/testing";
import { ChannelKind, channelMessage } from "@chaski/websocket";
import { describe, expect, it } from "vitest";
import { type End, HubLab, happens, hubPair, messagesArrive } from "./hub.fixture.ts";

describeLink({ describe, it }, "MessagePort to a hub, and its WebSocket", hubPair);

const frame = (length = 8): Uint8Array => {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes[4] = 0xff;
  return bytes;
};

/** Both ends hear each other. */
async function expectAlive({ link, sink, far }: End & { readonly far: End }): Promise<void> {
  const [here, there] = [sink.frames.length, far.sink.frames.length];
  link.send([frame()]);
  far.link.send([frame()]);
  await sink.untilFrames(here + 1);
  await far.sink.untilFrames(there + 1);
}

describe("Hub", () => {
  it("carries three tabs over one WebSocket, which goes with the last of them", async () => {
    await using lab = new HubLab();
    const [first, second, third] = [await lab.open(), await lab.open(), await lab.open()];
    expect([lab.dialled.length, lab.hub.tabs]).toEqual([1, 3]);
    expect([first.link.remoteAddress, third.far.link.remoteAddress]).toEqual(["port:ws://one/mesh", "ws://hub/3"]);
    await first.link.close();
    await expectAlive(second);
    await expectAlive(third);
    third.far.link.abort(new MeshError("closed", "a test"));
    await third.sink.closed;
    await expectAlive(second);
    expect([lab.hub.tabs, lab.hub.sockets, second.sink.closings]).toEqual([1, 1, 0]);
    await second.link.close();
    await messagesArrive();
    expect([lab.hub.tabs, lab.hub.sockets, lab.dialled[0]!.isOpen]).toEqual([0, 0, false]);
  });

  it("notices within 15 s that a tab has vanished; the others go on", async () => {
    await using lab = new HubLab();
    const [gone, other] = [await lab.open(), await lab.open()];
    gone.port.close();
    await lab.pass(15_000);
    expect(await gone.far.sink.closed).toMatchObject({ code: "link-lost" });
    expect(lab.hub.tabs).toBe(1);
    await expectAlive(other);
  });

  it("notices within 2 s that a tab has vanished which said that it unloads, and hears its last words", async () => {
    await using lab = new HubLab();
    const tab = await lab.open();
    happens(tab.port, "unload");
    tab.link.send([frame(9)]);
    await messagesArrive();
    tab.port.close();
    await lab.pass(2_000);
    expect(await tab.far.sink.closed).toMatchObject({ code: "link-lost" });
    expect(tab.far.sink.frames).toEqual([frame(9)]);
  });

  it("keeps a frozen tab for as long as its gateway does, and no more than a window for it", async () => {
    await using lab = new HubLab();
    const [frozen, other] = [await lab.open(), await lab.open()];
    const thaw = lab.freeze(frozen);
    await messagesArrive();
    while (frozen.far.link.send([frame(64 * 1024)]));
    await lab.pass(60_000);
    expect([lab.hub.tabs, frozen.far.sink.closings]).toEqual([2, 0]);
    expect(frozen.sink.frames.length).toBe(2);
    await expectAlive(other);
    thaw();
    await frozen.sink.untilFrames(4);
    await lab.pass(60_000);
    expect(lab.hub.tabs).toBe(2);
  });

  it("says nothing any more to a tab that is put away, and lets its channel go with its last words", async () => {
    await using lab = new HubLab();
    const [away, other] = [await lab.open(), await lab.open()];
    away.link.send([frame(9)]);
    await messagesArrive();
    happens(away.port, "pagehide");
    expect(await away.far.sink.closed).toMatchObject({ message: expect.stringContaining("put away") });
    expect([away.far.sink.frames.length, lab.hub.tabs]).toEqual([1, 1]);
    const heard: unknown[] = [];
    away.port.addEventListener("message", ({ data }) => heard.push(data));
    const late = channelMessage(ChannelKind.data, 8);
    late[3] = 1;
    lab.dialled[0]!.other.send(late);
    await lab.pass(60_000);
    expect(heard).toEqual([]);
    await expectAlive(other);
  });

  it("tells all tabs why when its WebSocket is lost, and opens another for the next", async () => {
    await using lab = new HubLab();
    const [first, second] = [await lab.open(), await lab.open()];
    lab.dialled[0]!.drop(1006);
    lab.dialled[0]!.other.drop();
    const why = { code: "link-lost", message: expect.stringContaining("ws://one/mesh: closed with code 1006") };
    expect([await first.sink.closed, await second.sink.closed]).toMatchObject([why, why]);
    await expectAlive(await lab.open());
    expect(lab.dialled.length).toBe(2);
  });

  it("gives a WebSocket up that is silent for 3 s after a tab woke up, or another came", async () => {
    await using lab = new HubLab();
    for (const wake of ["online", "new"] as const) {
      const tab = await lab.open();
      const socket = lab.dialled.at(-1)!;
      happens(tab.port, "visible");
      await lab.pass(4_000);
      expect(socket.isOpen).toBe(true);
      socket.isCut = socket.other.isCut = true;
      if (wake === "new") void lab.open().catch(() => {});
      else happens(tab.port, wake);
      await lab.pass(3_000);
      expect(await tab.sink.closed).toMatchObject({ message: expect.stringContaining("silent for 3000 ms") });
      socket.other.drop();
    }
  });

  it("fails a dial nobody answers after 10 s, and one that no WebSocket can be made for at once", async () => {
    await using lab = new HubLab();
    const dial = expect(lab.open(["ws://nobody/mesh"])).rejects;
    const late = dial.toMatchObject({
      code: "dial-failed",
      message: expect.stringContaining("not open within 10000 ms"),
    });
    await lab.pass(10_000);
    await late;
    await expect(lab.open(["nonsense:"])).rejects.toMatchObject({ code: "dial-failed" });
  });

  it("leads a tab to a WebSocket that is open already, when it leads to one of the tab's addresses", async () => {
    await using lab = new HubLab();
    await lab.open(["ws://two/mesh"]);
    const led = await lab.open(["ws://one/mesh", "ws://two/mesh"]);
    expect([led.link.remoteAddress, lab.dialled.length]).toEqual(["port:ws://two/mesh", 1]);
    await lab.open(["ws://one/mesh"]);
    expect(lab.dialled.map(({ url }) => url)).toEqual(["ws://two/mesh", "ws://one/mesh"]);
  });

  it("gives a tab up that is sent more than it reads, by a gateway that heeds no window", async () => {
    await using lab = new HubLab();
    const [tab, other] = [await lab.open(), await lab.open()];
    const stopped = tab.port as unknown as { postMessage(): void };
    stopped.postMessage = () => {};
    for (let sent = 0; sent < 20 * 1024 * 1024; sent += 1024 * 1024) {
      const message = channelMessage(ChannelKind.data, 1024 * 1024);
      message[3] = 1;
      lab.dialled[0]!.other.send(message);
    }
    expect(await tab.far.sink.closed).toMatchObject({ message: expect.stringContaining("more than it reads") });
    await expectAlive(other);
  });
});
