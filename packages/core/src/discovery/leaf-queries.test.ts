import { describe, expect, it } from "vitest";
import type { PortHandler, Unicast } from "../delivery/index.ts";
import type { Leaf } from "../mesh/index.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { type Address, decodeLeafQuery, encodeLeafQuery } from "../wire/index.ts";
import { leafPage } from "./leaf-page.ts";
import { LeafQueries } from "./leaf-queries.ts";

const [ASKER, GATEWAY, OTHER] = ["a", "b", "c"].map((digit) => digit.repeat(32)) as [string, string, string];
const id = (number: number): string => number.toString(16).padStart(32, "0");
const leavesOf = (count: number, nameOf = (number: number) => `leaf ${number}`): Map<string, Leaf> =>
  new Map(Array.from({ length: count }, (_, i) => [id(count - i), { id: id(count - i), name: nameOf(count - i) }]));

/** An asker and a gateway, and a way between them that may lose, repeat and forge. */
function pair(leaves: ReadonlyMap<string, Leaf>) {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const sent: { readonly from: string; readonly bytes: number; readonly atMs: number }[] = [];
  const handlers = new Map<string, PortHandler>();
  const way = {
    deliver: (from: string, to: string, payload: Uint8Array): void =>
      handlers.get(to)?.onMessage({ node: from, home: from }, payload),
    throws: undefined as Error | undefined,
  };
  const queriesOf = (self: string): LeafQueries => {
    const unicast: Pick<Unicast, "listen" | "send"> = {
      listen: (_port, handler) => void handlers.set(self, handler),
      send: (target: Address, _port, _lane, payload) => {
        if (way.throws) throw way.throws;
        sent.push({ from: self, bytes: payload.byteLength, atMs: clock.now() });
        clock.setTimer(1, () => way.deliver(self, target.node, payload));
        return undefined;
      },
    };
    return new LeafQueries({
      clock,
      random: new SeededRandom(1),
      unicast: unicast as Unicast,
      leafPage: (_topic, after) => leafPage(leaves, after),
      onError: (error) => errors.push(error),
    });
  };
  const asker = queriesOf(ASKER);
  queriesOf(GATEWAY);
  const ask = async (timeoutMs = 5_000): Promise<readonly Leaf[]> => {
    const answer = asker.ask(GATEWAY, "t", { timeoutMs });
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    answer.then(done, done);
    for (await undefined; !settled && clock.nextMs !== undefined; await undefined) clock.step();
    return answer;
  };
  const bounce = (payload: Uint8Array, why: "unreachable" | "forbidden"): void =>
    handlers.get(ASKER)!.onBounce({ node: GATEWAY, home: GATEWAY }, payload, why);
  return { clock, asker, way, sent, handlers, errors, bounce, ask };
}

describe("LeafQueries", () => {
  it("names all leaves by id, page by page of 32 KiB", async () => {
    const { ask, sent, clock } = pair(leavesOf(5_000));
    const leaves = await ask();
    expect(leaves.map((leaf) => leaf.id)).toEqual(Array.from({ length: 5_000 }, (_, i) => id(i + 1)));
    const pages = sent.filter(({ from }) => from === GATEWAY);
    expect(pages.length).toBe(5);
    expect(Math.max(...pages.map(({ bytes }) => bytes))).toBeLessThan(33_000);
    expect(clock.pending).toBe(0);
  });

  it("counts names in bytes, and fills a page of any names", async () => {
    const { ask, sent } = pair(leavesOf(300, (number) => `${number}-`.padEnd(126, "ñ")));
    expect((await ask()).length).toBe(300);
    expect(sent.filter(({ from }) => from === GATEWAY).every(({ bytes }) => bytes < 33_000)).toBe(true);
  });

  it("gives up at 10 000 of them", async () => {
    const { ask, clock } = pair(leavesOf(12_000));
    await expect(ask()).rejects.toMatchObject({ code: "too-large" });
    expect(clock.pending).toBe(0);
  });

  it("sends again what is not answered, less and less often, until time is up", async () => {
    const { ask, sent, way } = pair(leavesOf(1));
    way.deliver = () => {};
    await expect(ask(2_000)).rejects.toMatchObject({ code: "timed-out" });
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 250, 750, 1_750]);
  });

  it("takes each page once, however often it comes", async () => {
    const { ask, way } = pair(leavesOf(3_000));
    const { deliver } = way;
    way.deliver = (from, to, payload) => {
      for (let i = 0; i < 3; i++) deliver(from, to, payload);
    };
    expect((await ask()).length).toBe(3_000);
  });

  it("survives a way that loses every second message", async () => {
    const { ask, way } = pair(leavesOf(3_000));
    const { deliver } = way;
    const random = new SeededRandom(7);
    way.deliver = (...message) => void (random.float() < 0.5 && deliver(...message));
    expect((await ask(60_000)).length).toBe(3_000);
  });

  it("tells why nothing left, or what bounced, when time is up", async () => {
    const { ask, way, bounce } = pair(leavesOf(1));
    way.throws = new Error("no way");
    await expect(ask()).rejects.toMatchObject({ code: "unreachable", cause: way.throws });
    way.throws = undefined;
    way.deliver = (_from, _to, payload) => bounce(payload, "unreachable");
    await expect(ask()).rejects.toMatchObject({ code: "unreachable" });
  });

  it("gives up at once when it may not ask", async () => {
    const { ask, way, bounce, clock } = pair(leavesOf(1));
    way.deliver = (_from, _to, payload) => bounce(payload, "forbidden");
    await expect(ask()).rejects.toMatchObject({ code: "forbidden" });
    expect(clock.now()).toBe(1);
  });

  it("believes only the gateway that it asked", async () => {
    const { ask, way, handlers } = pair(leavesOf(1));
    const { deliver } = way;
    way.deliver = (from, to, payload) => {
      const query = decodeLeafQuery(payload);
      const forged = { ...query, kind: "answer", more: false, leaves: [{ id: id(9), name: "forged" }] } as const;
      if (query.kind === "ask") handlers.get(ASKER)!.onMessage({ node: OTHER, home: OTHER }, encodeLeafQuery(forged));
      deliver(from, to, payload);
    };
    expect(await ask()).toEqual([{ id: id(1), name: "leaf 1" }]);
  });

  it("reports what does not decode, and goes on", async () => {
    const { ask, handlers, errors } = pair(leavesOf(1));
    for (const to of [ASKER, GATEWAY]) handlers.get(to)!.onMessage({ node: OTHER, home: OTHER }, new Uint8Array([7]));
    expect(errors).toMatchObject([{ code: "malformed-frame" }, { code: "malformed-frame" }]);
    expect((await ask()).length).toBe(1);
  });

  it("leaves nothing behind when it is closed", async () => {
    const { asker, clock } = pair(leavesOf(1));
    const answer = asker.ask(GATEWAY, "t", { timeoutMs: 1_000 });
    asker.close();
    await expect(answer).rejects.toMatchObject({ code: "closed" });
    while (clock.nextMs !== undefined) clock.step();
    expect(clock.pending).toBe(0);
  });
});
