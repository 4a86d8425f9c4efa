import { describe, expect, it, onTestFinished } from "vitest";
import { ed25519Identity, ed25519Verifier, pageIdentity } from "../auth/ed25519.fixture.ts";
import { type Identity, TICKET_FAULTS, type TicketFault } from "../auth/index.ts";
import { TIMINGS } from "../base/limits.ts";
import type { LinkSink, Transport } from "../link/index.ts";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { control, decodeTicket, encodeTicket, FrameType, readU32, type TicketBody } from "../wire/index.ts";

/** What a leaf keeps of a ticket that it is given. */
type Swap = (ticket: Uint8Array) => Uint8Array;

/** A transport on which each ticket that comes is exchanged, and which notes the addresses that are dialled. */
function swapping(transport: Transport, swap: Swap, dialled: string[]): Transport {
  const swapped = (packet: Uint8Array): Uint8Array => {
    const frames: Uint8Array[] = [];
    for (let at = 0; at < packet.byteLength; at += readU32(packet, at)) {
      const frame = packet.subarray(at, at + readU32(packet, at));
      const isTicket = frame[4] === FrameType.ticket;
      frames.push(
        isTicket ? control.ticket.encode({ ticket: swap(control.ticket.decode(frame).ticket.slice()) }) : frame,
      );
    }
    return new Uint8Array(Buffer.concat(frames));
  };
  return {
    ...transport,
    dial: (address, onLink, options) => {
      dialled.push(address);
      const onSwappedLink = (link: Parameters<typeof onLink>[0]): LinkSink => {
        const sink = onLink(link);
        return {
          onPacket: (packet) => sink.onPacket(swapped(packet)),
          onWritable: () => sink.onWritable(),
          onClosed: (error) => sink.onClosed(error),
        };
      };
      return transport.dial(address, onSwappedLink, options);
    },
  };
}

/** Two gateways that know each other, with keys; and leaves that may exchange their tickets. */
async function lab() {
  const mesh = new SimulatedMesh({ settle, delayMs: 5 });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const keys = { one: ed25519Identity(), two: ed25519Identity() };
  const reported: string[] = [];
  const gateway = async (name: "one" | "two", join: string[] = []): Promise<MeshNode> => {
    const runtime = { identity: keys[name], verifier: ed25519Verifier };
    const node = await mesh.node(name, { role: "gateway", join }, runtime);
    node.on("error", (error) => reported.push(`${name}: ${error}`));
    return node;
  };
  const one = await gateway("one");
  const two = await gateway("two", ["one"]);
  const page = async (name: string, join: string[], swap: Swap = (ticket) => ticket, identity = pageIdentity()) => {
    const dialled: string[] = [];
    const transports = [swapping(mesh.network.transport(name), swap, dialled)];
    const node = await mesh.node(name, { role: "leaf", join }, { identity, transports });
    const reasons: (string | undefined)[] = [];
    node.on("connection", ({ state, reason }) => reasons.push(state === "online" ? state : reason));
    node.on("error", (error) => reported.push(`${name}: ${error}`));
    const hangsOn = (): string | undefined => node.edges[0]?.peer.name;
    return { node, dialled, reasons, hangsOn };
  };
  const told = (node: MeshNode) => {
    const { given, taken, refused } = node.status().tickets!;
    return {
      given,
      taken,
      refused: TICKET_FAULTS.filter((fault) => refused[fault] > 0).map((fault) => [fault, refused[fault]]),
    };
  };
  await mesh.run(1_000);
  return { mesh, keys, one, two, page, told, reported };
}

/** The ticket with something else in it, signed by whom it names or by another. */
const forged =
  (changes: Partial<TicketBody>, by: Identity): Swap =>
  (ticket) =>
    encodeTicket({ ...decodeTicket(ticket).body, ...changes }, (message) => by.sign(message));

describe("a leaf's ticket", () => {
  it("is given when it comes, shown to the next gateway, and believed there and where it was", async () => {
    const { mesh, one, two, page, told, reported } = await lab();
    const { hangsOn } = await page("page", ["one", "two"]);
    await mesh.run(1_000);
    expect([hangsOn(), told(one), told(two)]).toEqual([
      "one",
      { given: 1, taken: 0, refused: [] },
      { given: 0, taken: 0, refused: [] },
    ]);
    mesh.network.cut("page", "one");
    await mesh.run(1_000);
    expect([hangsOn(), told(two)]).toEqual(["two", { given: 1, taken: 1, refused: [] }]);
    mesh.network.heal("page", "one");
    mesh.network.drop("page", "two");
    await mesh.run(1_000);
    expect([hangsOn(), told(one)]).toEqual(["one", { given: 2, taken: 1, refused: [] }]);
    expect(reported).toEqual([]);
  });

  it("is renewed long before it ends, for as long as the leaf is there, and shown by one that was away for a while", async () => {
    const { mesh, one, page, told } = await lab();
    await page("page", ["one"]);
    await mesh.run(TIMINGS.ticketLifeMs + 1_000);
    expect(told(one).given).toBe(1 + TIMINGS.ticketLifeMs / TIMINGS.ticketRenewMs);
    mesh.network.cut("page", "one");
    await mesh.run(TIMINGS.ticketLifeMs - TIMINGS.ticketRenewMs - 60_000);
    mesh.network.heal("page", "one");
    await mesh.run(20_000);
    expect(told(one)).toEqual({ given: 5, taken: 1, refused: [] });
  });

  it("is renewed for a crowd that came at once, each leaf once", async () => {
    const { mesh, one, page, told } = await lab();
    for (let i = 0; i < 60; i++) await page(`page ${i}`, ["one"]);
    await mesh.run(TIMINGS.ticketRenewMs + 2_000);
    expect(told(one).given).toBe(120);
  });

  it("that is old does no harm in its owner's hands", async () => {
    const { mesh, one, two, page, told, reported } = await lab();
    let first: Uint8Array | undefined;
    const { hangsOn } = await page("page", ["one", "two"], (ticket) => (first ??= ticket));
    await mesh.run(1_000);
    for (let moves = 0; moves < 6; moves++) {
      mesh.network.drop("page", "one");
      mesh.network.drop("page", "two");
      await mesh.run(3_000);
    }
    expect([hangsOn() !== undefined, told(one).taken + told(two).taken, reported]).toEqual([true, 6, []]);
  });
});

describe("a ticket that is not believed", () => {
  const stranger = ed25519Identity();
  const other = pageIdentity().id;

  it.each<[string, TicketFault, (keys: { one: Identity; two: Identity }) => Swap]>([
    ["signed by another", "bad-signature", () => forged({}, stranger)],
    ["that has expired", "expired", ({ one }) => forged({ expiresAt: 1_699_999_000_000 }, one)],
    ["of another mesh", "other-mesh", ({ one }) => forged({ mesh: "elsewhere" }, one)],
    ["for another id", "other-leaf", ({ one }) => forged({ leaf: other }, one)],
    ["that was cut short", "malformed", () => (ticket) => ticket.subarray(0, -1)],
    ["that is nothing but bytes", "malformed", () => () => new Uint8Array(4_096).fill(7)],
  ])(
    "%s is counted, and its leaf comes again without it: once, at once, and never seen as refused",
    async (_what, fault, swap) => {
      const { mesh, keys, one, two, page, told, reported } = await lab();
      const { dialled, reasons, hangsOn } = await page("page", ["one", "two"], swap(keys));
      await mesh.run(1_000);
      dialled.length = reasons.length = 0;
      mesh.network.cut("page", "one");
      await mesh.run(1_000);
      expect([hangsOn(), told(one).refused, told(two)]).toEqual([
        "two",
        [],
        { given: 1, taken: 0, refused: [[fault, 1]] },
      ]);
      expect(dialled).toEqual(["memory://two", "memory://two"]);
      expect(reasons).toEqual([undefined, "[link-lost] the link to one was cut", "online"]);
      expect(reported).toEqual([]);
    },
  );

  it("of a gateway that is gone and forgotten is passed over, and costs its leaf nothing", async () => {
    const { mesh, two, page, told, reported } = await lab();
    const { dialled, hangsOn } = await page("page", ["one", "two"], forged({ gateway: stranger.id }, stranger));
    await mesh.run(1_000);
    dialled.length = 0;
    mesh.network.cut("page", "one");
    await mesh.run(1_000);
    expect([hangsOn(), dialled, told(two)]).toEqual([
      "two",
      ["memory://two"],
      { given: 1, taken: 0, refused: [["unknown-gateway", 1]] },
    ]);
    expect(reported).toEqual([]);
  });

  it("is of no use to who has not its leaf's secret, with the leaf there or away", async () => {
    const { mesh, one, page, told } = await lab();
    let stolen = new Uint8Array(0);
    const owner = await page("owner", ["one"], (ticket) => {
      stolen = ticket.slice();
      return ticket;
    });
    await mesh.run(1_000);
    const steals = (): Uint8Array => stolen;
    const thief = await page("thief", ["one"], steals);
    const impostor = await page("impostor", ["one"], steals, { ...pageIdentity(), id: owner.node.id });
    const drop = (): void => {
      for (const name of ["thief", "impostor"]) mesh.network.drop(name, "one");
    };
    await mesh.run(1_000);
    drop();
    await mesh.run(1_000);
    expect([owner.hangsOn(), thief.hangsOn(), impostor.hangsOn(), told(one)]).toEqual([
      "one",
      "one",
      undefined,
      { given: 3, taken: 0, refused: [["other-leaf", 1]] },
    ]);
    mesh.network.cut("owner", "one");
    drop();
    await mesh.run(20_000);
    expect([impostor.hangsOn(), told(one).refused]).toEqual([undefined, [["other-leaf", 2]]]);
    mesh.network.heal("owner", "one");
    await mesh.run(20_000);
    expect([owner.hangsOn(), told(one).taken]).toEqual(["one", 1]);
  });

  it("of many leaves at once costs each one more dial, and no other leaf anything", async () => {
    const { mesh, one, page, told, reported } = await lab();
    const steady = await page("steady", ["one"]);
    const crowd = [];
    for (let i = 0; i < 100; i++) crowd.push(await page(`page ${i}`, ["one"], () => new Uint8Array(100)));
    await mesh.run(2_000);
    for (const { dialled } of crowd) dialled.length = 0;
    for (let i = 0; i < 100; i++) mesh.network.drop(`page ${i}`, "one");
    await mesh.run(2_000);
    expect(told(one)).toEqual({ given: 201, taken: 0, refused: [["malformed", 100]] });
    expect(crowd.every(({ dialled, hangsOn }) => dialled.length === 2 && hangsOn() === "one")).toBe(true);
    expect([steady.dialled.length, one.edges.length, reported]).toEqual([1, 102, []]);
  });

  it("is no way for one leaf, dialling again and again from many places, to take more than one", async () => {
    const { mesh, one, page, told, reported } = await lab();
    const steady = await page("steady", ["one"]);
    const identity = pageIdentity();
    const twins: { readonly dialled: string[] }[] = [];
    for (let i = 0; i < 12; i++) twins.push(await page(`twin ${i}`, ["one"], () => new Uint8Array(9), identity));
    await mesh.run(60_000);
    const dials = (): number => twins.reduce((sum, { dialled }) => sum + dialled.length, 0);
    const before = dials();
    await mesh.run(60_000);
    // Every 7.5 s on the average, and once more each time for the ticket.
    expect(dials() - before).toBeLessThan(12 * 2 * (60 / 7.5) * 1.5);
    expect(one.edges.filter(({ peer: { id } }) => id === identity.id).length).toBeLessThan(2);
    expect(told(one).refused).toEqual([["malformed", expect.any(Number)]]);
    expect([steady.dialled.length, reported.filter((line) => line.startsWith("one"))]).toEqual([1, []]);
  });

  it("is nothing that a gateway can send a leaf round in circles with", async () => {
    const { mesh, page } = await lab();
    const transport = mesh.network.transport("liar");
    await transport.listen!("memory://liar", (link) => {
      link.send([control.refuse.encode({ code: "bad-ticket", detail: "expired" })]);
      return { onPacket: () => {}, onWritable: () => {}, onClosed: () => void link.close() };
    });
    const { node, dialled } = await page("page", ["liar"]);
    await mesh.run(120_000);
    expect(dialled.length).toBeLessThan(6);
    expect(node.connection).toMatchObject({ state: "offline", reason: expect.stringContaining("bad-ticket") });
  });
});
