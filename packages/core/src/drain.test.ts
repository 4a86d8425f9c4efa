import { describe, expect, it, onTestFinished } from "vitest";
import { TIMINGS } from "./base/limits.ts";
import type { MeshNode } from "./node.ts";
import { settle } from "./testing/node-settle.fixture.ts";
import { SimulatedMesh } from "./testing/simulated-mesh.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

function scene(delayMs = 10) {
  const mesh = new SimulatedMesh({ settle, delayMs });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  /** What `node` hears on `topic` from now on. */
  const read = async (node: MeshNode, topic: string) => {
    const heard = { data: [] as unknown[], gaps: [] as unknown[] };
    const subscription = node.subscribe(topic, {}, ({ data }) => void heard.data.push(data));
    subscription.on("gap", (gap) => void heard.gaps.push(gap));
    await mesh.until(subscription.ready);
    return heard;
  };
  /** Errors that `node` tells of from now on. */
  const errors = (node: MeshNode): string[] => {
    const told: string[] = [];
    node.on("error", (error) => void told.push((error as Error).message));
    return told;
  };
  /** How long it takes, in ms. */
  const takes = async (promise: Promise<unknown>): Promise<number> => {
    const beganAtMs = mesh.clock.now();
    await mesh.until(promise);
    return mesh.clock.now() - beganAtMs;
  };
  return { mesh, read, errors, takes };
}

/** A peer on a gateway, and a leaf. */
async function trio() {
  const all = scene();
  const { mesh } = all;
  const gateway = await mesh.node("gateway", { role: "gateway" });
  const peer = await mesh.node("peer", { join: ["gateway"] });
  const leaf = await mesh.node("leaf", { role: "leaf", join: ["gateway"] });
  await mesh.until(Promise.all([peer.ready(), leaf.ready()]));
  await mesh.run(100);
  return { ...all, gateway, peer, leaf };
}

describe("a node that is closed", () => {
  it("takes nothing any more from the first moment on", async () => {
    const { mesh, leaf, peer } = await trio();
    peer.expose("slow", { run: () => new Promise((resolve) => mesh.clock.setTimer(500, () => resolve("done"))) });
    await mesh.run(100);
    const slow = leaf.remote<{ run(): Promise<string> }>("slow");
    const running = slow.run();
    await mesh.run(50);
    const closing = leaf.close();
    const closed = expect.objectContaining({ code: "closed" });
    expect(() => leaf.publish("t", 1)).toThrow(closed);
    expect(() => leaf.subscribe("t")).toThrow(closed);
    expect(() => leaf.send(peer.id, "t", 1)).toThrow(closed);
    expect(() => leaf.remote("slow")).toThrow(closed);
    await expect(slow.run()).rejects.toEqual(closed);
    expect(await mesh.until(running)).toBe("done");
    await mesh.until(closing);
  });

  it("waits for its calls, its messages to one node, and the calls of others, and then for nothing", async () => {
    const { mesh, leaf, peer, read, takes } = await trio();
    const inbox = await read(peer, "inbox");
    const slow = { run: () => new Promise((resolve) => mesh.clock.setTimer(700, () => resolve("done"))) };
    peer.expose("theirs", slow);
    leaf.expose("ours", slow);
    await mesh.run(100);
    const outcomes = Promise.all([
      leaf.remote<typeof slow>("theirs").run(),
      peer.remote<typeof slow>("ours").run(),
      leaf.send(peer.id, "inbox", "last words"),
    ]);
    await mesh.run(50);
    const tookMs = await takes(leaf.close());
    expect(await mesh.until(outcomes)).toEqual(["done", "done", undefined]);
    expect(inbox.data).toEqual(["last words"]);
    expect(tookMs).toBeLessThan(1_000);
  });

  it("runs no call that comes later, and says so", async () => {
    const { mesh, leaf, peer } = await trio();
    let ran = 0;
    const service = { run: () => ++ran, wait: () => new Promise(() => {}) };
    leaf.expose("service", service);
    await mesh.run(100);
    const remote = peer.remote<{ run(): Promise<number>; wait(): Promise<void> }>("service");
    const waiting = expect(remote.wait()).rejects.toMatchObject({
      code: "peer-lost",
      message: expect.stringContaining("may have run"),
    });
    await mesh.run(100);
    const closing = leaf.close({ timeoutMs: 1_000 });
    await expect(mesh.until(remote.run())).rejects.toMatchObject({ code: "no-responder" });
    await mesh.until(closing);
    await mesh.until(waiting);
    expect(ran).toBe(0);
  });

  it("gives up a call that hangs and a message that was not taken at the end of its time, with a word on each", async () => {
    const { mesh, leaf, peer, gateway, takes } = await trio();
    const hangs = { run: () => new Promise(() => {}) };
    peer.expose("theirs", hangs);
    await mesh.run(100);
    const ours = expect(leaf.remote<typeof hangs>("theirs").run()).rejects.toMatchObject({
      code: "closed",
      message: expect.stringContaining("may have run"),
    });
    await mesh.run(100);
    mesh.network.cut("leaf", "gateway", { detectMs: 1_000_000 });
    const sent = expect(leaf.send(gateway.id, "inbox", 1)).rejects.toMatchObject({ code: "closed" });
    expect(await takes(leaf.close({ timeoutMs: 2_000 }))).toBeLessThan(2_000 + 1_100);
    mesh.network.healAll();
    await ours;
    await sent;
  });

  it("hands on what it published before it had an edge, where somebody wants it", async () => {
    const { mesh, peer, read } = await trio();
    const heard = await read(peer, "news/*");
    const late = await mesh.node("late", { role: "leaf", join: ["gateway"] });
    for (const number of numbers(3)) void late.publish("news/a", number);
    void late.publish("nobody/wants", 1);
    await mesh.until(late.close());
    await mesh.run(100);
    expect(heard).toEqual({ data: numbers(3), gaps: [] });
  });

  it("waits for the next edge with what may have been lost with the last one", async () => {
    const { mesh, leaf, peer, read, errors } = await trio();
    const heard = await read(peer, "t");
    await mesh.run(100);
    void leaf.publish("t", 0);
    await mesh.run(1_000);
    void leaf.publish("t", 1);
    mesh.network.drop("leaf", "gateway");
    await mesh.run(1);
    const told = errors(leaf);
    await mesh.until(leaf.close());
    await mesh.run(100);
    expect([heard, told]).toEqual([{ data: [0, 1], gaps: [] }, []]);
  });

  it("waits until neighbours hold what is on its way to them, on a way that is lost as well", async () => {
    const { mesh, leaf, peer, read, errors, takes } = await trio();
    const heard = await read(peer, "t");
    await mesh.run(100);
    const told = errors(leaf);
    for (const number of numbers(100)) void leaf.publish("t", number);
    const closing = takes(leaf.close());
    await mesh.run(1);
    mesh.network.drop("leaf", "gateway");
    expect(await closing).toBeLessThan(2_000);
    await mesh.run(100);
    expect([heard, told]).toEqual([{ data: numbers(100), gaps: [] }, []]);
  });

  it("tells how many messages it could not hand on, and of which topics", async () => {
    const { mesh, leaf, peer, read, errors, takes } = await trio();
    await Promise.all(["a", "b", "c", "d"].map((topic) => read(peer, topic)));
    await mesh.run(100);
    mesh.network.cut("leaf", "gateway");
    await mesh.run(100);
    const told = errors(leaf);
    for (const topic of ["a", "b", "c", "d", "d"]) void leaf.publish(topic, 1);
    expect(await takes(leaf.close({ timeoutMs: 500 }))).toBeLessThan(600);
    expect(told).toEqual([
      '[timed-out] closed after 500 ms; messages not handed on: 5, of "a", "b", "c", 1 more topics',
    ]);
  });

  it("tells the same when it is closed at once", async () => {
    const { mesh, errors, takes } = await trio();
    const nowhere = await mesh.node("nowhere", { join: ["not-there"] });
    const told = errors(nowhere);
    void nowhere.publish("t", 1);
    expect(await takes(nowhere.close({ timeoutMs: 0 }))).toBe(0);
    expect(told).toEqual(['[timed-out] closed after 0 ms; messages not handed on: 1, of "t"']);
  });

  it("waits for nobody when it has nothing to give, joins in vain, or is alone", async () => {
    const { mesh, errors, takes } = await trio();
    const alone = await mesh.node("alone");
    const joining = await mesh.node("joining", { join: ["not-there"] });
    const told = [errors(alone), errors(joining)];
    void alone.publish("t", 1);
    expect(await takes(Promise.all([alone.close(), joining.close()]))).toBe(0);
    expect(told).toEqual([[], []]);
  });

  it("closes once: whoever asks again gets the same promise", async () => {
    const { mesh, leaf } = await trio();
    const closing = leaf.close();
    expect(leaf.close({ timeoutMs: 0 })).toBe(closing);
    await mesh.until(closing);
    expect(leaf.close()).toBe(closing);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 3_600_001, "1", null])(
    "refuses a timeoutMs of %s",
    async (timeoutMs) => {
      const { leaf } = await trio();
      expect(() => leaf.close({ timeoutMs: timeoutMs as number })).toThrow(RangeError);
      await expect(leaf.publish("t", 1)).resolves.toBeUndefined();
    },
  );
});

/** Two gateways, a peer that publishes on both, and leaves on the first that may go to the second. */
async function crowd(count: number, join: readonly string[] = ["first", "second"]) {
  const all = scene();
  const { mesh } = all;
  /** How many the first gateway has turned away. */
  let refused = 0;
  const logger = { log: (_level: unknown, event: string) => void (event === "handshake failed" && refused++) };
  const first = await mesh.node("first", { role: "gateway", logger });
  const second = await mesh.node("second", { role: "gateway", join: ["first"] });
  const peer = await mesh.node("peer", { join: ["first", "second"] });
  const leaves = await Promise.all(numbers(count).map((n) => mesh.node(`leaf-${n}`, { role: "leaf", join })));
  await mesh.until(Promise.all([second, peer, ...leaves].map((node) => node.ready())));
  const heard = await Promise.all(leaves.map((leaf) => all.read(leaf, "down")));
  const up = await all.read(peer, "up");
  await mesh.run(2_000);
  /** When each leaf had its next edge, and how often a leaf had none. */
  const movedAtMs: number[] = [];
  const stranded: string[] = [];
  for (const leaf of leaves) {
    leaf.on("edgeopen", () => void movedAtMs.push(mesh.clock.now()));
    leaf.on("edgeclose", () => void (leaf.edges.length === 0 && stranded.push(leaf.name)));
  }
  const homes = (): string[] => leaves.map(({ edges }) => edges.map(({ peer }) => peer.name).join());
  return { ...all, first, second, peer, leaves, heard, up, movedAtMs, stranded, homes, refused: () => refused };
}

describe("a gateway that is closed", () => {
  it("has its leaves on another before it ends, one after the other, with nothing lost or doubled on the way", async () => {
    const { mesh, first, peer, leaves, heard, up, movedAtMs, stranded, homes } = await crowd(20);
    let next = 0;
    const publish = async (count: number): Promise<void> => {
      for (let sent = 0; sent < count; sent++) {
        void peer.publish("down", next);
        void leaves[0]!.publish("up", next++);
        await mesh.run(10);
      }
    };
    await publish(20);
    const beganAtMs = mesh.clock.now();
    let endedAtMs = Number.POSITIVE_INFINITY;
    const closing = first.close().then(() => (endedAtMs = mesh.clock.now()));
    await publish(100);
    await mesh.until(closing);
    await mesh.run(1_000);
    expect(new Set(homes())).toEqual(new Set(["second"]));
    expect(stranded).toEqual([]);
    expect(movedAtMs.length).toBe(20);
    expect(Math.max(...movedAtMs)).toBeLessThan(endedAtMs);
    // 19 pauses of 20 ms, and up to 200 of jitter.
    expect(endedAtMs - beganAtMs).toBeLessThan(380 + 200 + 300);
    const atOnce = Math.max(...movedAtMs.map((from) => movedAtMs.filter((ms) => ms >= from && ms < from + 100).length));
    expect(atOnce).toBeLessThan(12);
    expect(heard.map(({ data }) => data)).toEqual(leaves.map(() => numbers(next)));
    expect(up).toEqual({ data: numbers(next), gaps: [] });
    expect(heard.flatMap(({ gaps }) => gaps)).toEqual([]);
  });

  it("is not let go of before another has said a word: an edge that opens and ends at once is none", async () => {
    const { mesh, first, leaves, homes, stranded } = await crowd(1);
    let losses = 0;
    leaves[0]!.on("edgeopen", () => void (losses++ < 3 && mesh.network.drop("leaf-0", "second")));
    const closing = first.close();
    await mesh.until(closing);
    await mesh.run(100);
    expect([losses, homes(), stranded]).toEqual([4, ["second"], []]);
  });

  it("tells all leaves within half of its time, however many there are", async () => {
    const { mesh, first, movedAtMs, homes } = await crowd(20);
    const beganAtMs = mesh.clock.now();
    await mesh.until(first.close({ timeoutMs: 600 }));
    expect(new Set(homes())).toEqual(new Set(["second"]));
    expect(Math.max(...movedAtMs) - beganAtMs).toBeLessThan(300 + 200 + 100);
  });

  it("is left at once by a leaf that knows no other, which comes back when it is there again", async () => {
    const { mesh, first, leaves, takes } = await crowd(3, ["first"]);
    expect(await takes(first.close())).toBeLessThan(500);
    expect(leaves.map(({ connection }) => connection.state)).toEqual(["offline", "offline", "offline"]);
    await mesh.node("first", { role: "gateway", join: ["second"] });
    await mesh.run(TIMINGS.redialMaxMs);
    expect(leaves.map(({ connection }) => connection.state)).toEqual(["online", "online", "online"]);
  });

  it("takes nobody any more: who comes to it tries the next address at once, and is told why when there is none", async () => {
    const { mesh, first, peer } = await crowd(1);
    first.expose("hangs", { run: () => new Promise(() => {}) });
    await mesh.run(100);
    const call = peer.remote<{ run(): Promise<void> }>("hangs", { node: first.id }).run();
    const lost = expect(call).rejects.toMatchObject({ code: "peer-lost" });
    await mesh.run(100);
    const closing = first.close();
    await mesh.run(50);
    const newcomer = await mesh.node("newcomer", { role: "leaf", join: ["first", "second"] });
    const stubborn = await mesh.node("stubborn", { role: "leaf", join: ["first"] });
    const relay = await mesh.node("relay", { join: ["first"] });
    await mesh.run(100);
    expect(newcomer.edges.map(({ peer }) => peer.name)).toEqual(["second"]);
    for (const node of [stubborn, relay]) {
      expect(node.edges).toEqual([]);
      expect(node.connection.reason).toMatch(/^\[draining\] refused by the other side: .*try another/);
      expect(node.status().joins[0]!.phase).toBe("waiting");
    }
    await mesh.until(closing);
    await lost;
    await mesh.until(Promise.all([stubborn.close(), relay.close()]));
  });

  it("cuts a leaf that does not go when told, at the end of its time", async () => {
    const { mesh, first, leaves, homes, takes } = await crowd(2);
    // Its packets take longer than the gateway waits.
    mesh.network.cut("leaf-0", "first", { detectMs: 1_000_000 });
    expect(await takes(first.close({ timeoutMs: 1_000 }))).toBeLessThan(2_100);
    expect(homes()[1]).toBe("second");
    mesh.network.healAll();
    await mesh.run(25_000 + TIMINGS.redialMaxMs);
    expect(homes()).toEqual(["second", "second"]);
    expect(leaves.map(({ connection }) => connection.state)).toEqual(["online", "online"]);
  });

  it("serves its leaves to the end while no other is there", async () => {
    const { mesh, first, second, peer, leaves, heard, homes, stranded, refused } = await crowd(2);
    await mesh.until(second.close({ timeoutMs: 0 }));
    const closing = first.close({ timeoutMs: 3_000 });
    for (const number of numbers(20)) {
      void peer.publish("down", number);
      await mesh.run(100);
    }
    // Nor do they dial it again meanwhile.
    expect([homes(), stranded, refused()]).toEqual([["first", "first"], [], 0]);
    expect(heard.map(({ data }) => data)).toEqual([numbers(20), numbers(20)]);
    await mesh.until(closing);
    await mesh.node("second", { role: "gateway" });
    await mesh.run(2 * TIMINGS.redialMaxMs);
    expect(homes()).toEqual(["second", "second"]);
    await mesh.until(Promise.all(leaves.map((leaf) => leaf.close())));
  });
});
