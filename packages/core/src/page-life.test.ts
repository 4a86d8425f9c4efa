import { describe, expect, it, onTestFinished } from "vitest";
import type { LifecycleEvent } from "./base/lifecycle.ts";
import { LIMITS } from "./base/limits.ts";
import type { MeshNode } from "./node.ts";
import type { NodeOptions } from "./node-options.ts";
import { settle } from "./testing/node-settle.fixture.ts";
import { SimulatedMesh } from "./testing/simulated-mesh.ts";
import { SleepingPage } from "./testing/sleeping-page.ts";

const MINUTE_MS = 60_000;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

/** A peer behind a gateway, and a page that reads "down" and is read on "up". */
async function scene(options: Pick<NodeOptions, "logBytes"> = {}) {
  const mesh = new SimulatedMesh({ settle, delayMs: 10 });
  const gateway = await mesh.node("gateway", { role: "gateway", ...options });
  const peer = await mesh.node("peer", { join: ["gateway"], ...options });
  const sleeper = new SleepingPage(mesh, "page");
  onTestFinished(() => {
    sleeper.go();
    return mesh[Symbol.asyncDispose]();
  });
  const page = await mesh.node("page", { role: "leaf", join: ["gateway"] }, sleeper.runtime);
  await mesh.until(Promise.all([page.ready(), peer.ready()]));
  const read = async (node: MeshNode, topic: string) => {
    const heard = { data: [] as unknown[], gaps: [] as unknown[] };
    const subscription = node.subscribe(topic, {}, ({ data }) => void heard.data.push(data));
    subscription.on("gap", ({ from, to, reason }) => void heard.gaps.push({ from, to, reason }));
    await mesh.until(subscription.ready);
    return heard;
  };
  const down = await read(page, "down");
  const up = await read(peer, "up");
  await mesh.run(1_000);
  let next = 0;
  /** Publish one number a second. */
  const publish = async (node: MeshNode, topic: string, count: number, padding = 0): Promise<void> => {
    for (let sent = 0; sent < count; sent++) {
      void node.publish(topic, padding ? [next++, new Uint8Array(padding)] : next++);
      await mesh.run(1_000);
    }
  };
  /** What happens to the page's edges from now on. */
  const edges: string[] = [];
  page.on("edgeopen", () => void edges.push("opened"));
  page.on("edgeclose", ({ reason }) => void edges.push(reason));
  sleeper.dialledAtMs.length = 0;
  return { mesh, gateway, peer, page, sleeper, down, up, publish, edges };
}

describe("a page whose network goes away without a sign, and comes back", () => {
  it("notices within 3 s of `offline`, dials at once on `online`, and goes on where it stood", async () => {
    const { mesh, peer, page, sleeper, down, publish } = await scene();
    await publish(peer, "down", 3);
    mesh.network.cut("page", "gateway", { detectMs: 10 * MINUTE_MS });
    sleeper.tell("offline");
    await publish(peer, "down", 2);
    expect(page.connection.state).toBe("online");
    await publish(peer, "down", 1);
    expect(page.connection).toMatchObject({ state: "offline", reason: expect.stringContaining("nothing heard") });
    await publish(peer, "down", 120);
    mesh.network.heal("page", "gateway");
    sleeper.dialledAtMs.length = 0;
    const backAtMs = mesh.clock.now();
    sleeper.tell("online");
    await mesh.run(200);
    expect(sleeper.dialledAtMs).toEqual([backAtMs]);
    expect(page.connection.state).toBe("online");
    await publish(peer, "down", 3);
    expect(down).toEqual({ data: numbers(129), gaps: [] });
  });

  it("notices within a ping's turn and 3 s although nobody tells it", async () => {
    const { mesh, page } = await scene();
    mesh.network.cut("page", "gateway", { detectMs: 10 * MINUTE_MS });
    await mesh.run(23_000);
    expect(page.connection.state).toBe("offline");
  });

  it("begins a dial anew that hangs since before", async () => {
    const { mesh, page, sleeper } = await scene();
    const dial = sleeper.runtime.transports![0]!.dial;
    const hanging: typeof dial = (_address, _onLink, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    Object.assign(sleeper.runtime.transports![0]!, { dial: hanging });
    mesh.network.drop("page", "gateway");
    await mesh.run(5_000);
    Object.assign(sleeper.runtime.transports![0]!, { dial });
    sleeper.tell("online");
    await mesh.run(200);
    expect(page.connection.state).toBe("online");
  });

  it("neither probes nor dials more than once a second, however often it is told", async () => {
    const { mesh, gateway, page, sleeper } = await scene();
    const bytesIn = (): number => gateway.status().edges.find(({ peer }) => peer.name === "page")!.bytesIn;
    const before = bytesIn();
    for (let tenths = 0; tenths < 100; tenths++) {
      sleeper.tell("offline", "online", "hidden", "visible");
      await mesh.run(100);
    }
    expect(page.edges.length).toBe(1);
    // 100 times two AWAY of 9 bytes, and a ping of 20 and a pong of 16 every second.
    expect(bytesIn() - before).toBeLessThan(200 * 9 + 12 * 36);
    mesh.network.crash("gateway");
    await mesh.run(1_000);
    sleeper.dialledAtMs.length = 0;
    for (let tenths = 0; tenths < 100; tenths++) {
      sleeper.tell("offline", "online");
      await mesh.run(100);
    }
    // Once a second when woken, and what a first backoff of 0.2 s adds after each.
    expect(sleeper.dialledAtMs.length).toBeLessThan(50);
  });
});

describe("a page that is frozen", () => {
  it.each([5, 90, 200])("for %i s goes on without a reload: everything once, in order, no gap", async (seconds) => {
    const { mesh, peer, page, sleeper, down, up, publish } = await scene();
    await publish(peer, "down", 3);
    sleeper.tell("hidden", "freeze");
    await mesh.run(100);
    sleeper.stop();
    await publish(peer, "down", seconds);
    sleeper.tell("resume", "visible");
    sleeper.go();
    await mesh.run(500);
    expect(down).toEqual({ data: numbers(seconds + 3), gaps: [] });
    void page.publish("up", "after");
    await publish(peer, "down", 2);
    expect([down.data.length, up]).toEqual([seconds + 5, { data: ["after"], gaps: [] }]);
  });

  it.each([5, 90, 400])("without a word, as in a laptop that sleeps for %i s, goes on as well", async (seconds) => {
    const { mesh, peer, page, sleeper, down, publish } = await scene();
    const left: string[] = [];
    page.on("nodeleave", ({ reason }) => void left.push(reason));
    sleeper.stop();
    // Only what the log is sure to hold.
    await mesh.run((seconds - Math.min(seconds, 200)) * 1_000);
    await publish(peer, "down", Math.min(seconds, 200));
    sleeper.go();
    await publish(peer, "down", 5);
    expect(down).toEqual({ data: numbers(Math.min(seconds, 200) + 5), gaps: [] });
    expect(left).not.toContain("expired");
  });

  it("does not take its sleep for the gateway's silence: an edge that lives stays", async () => {
    const { mesh, peer, sleeper, down, publish, edges } = await scene();
    for (let naps = 0; naps < 20; naps++) {
      await publish(peer, "down", 10);
      sleeper.stop();
      await mesh.run(15_000);
      sleeper.tell("resume");
      sleeper.go();
    }
    await mesh.run(1_000);
    expect([edges, down.data]).toEqual([[], numbers(200)]);
  });

  it("for longer than the log reaches back hears one gap, and goes on behind it", async () => {
    const { mesh, peer, sleeper, down, publish } = await scene({ logBytes: 64 * 1024 });
    await publish(peer, "down", 3);
    sleeper.tell("hidden", "freeze");
    await mesh.run(100);
    sleeper.stop();
    await publish(peer, "down", 60, 2_000);
    await publish(peer, "down", 10);
    sleeper.tell("resume", "visible");
    sleeper.go();
    await publish(peer, "down", 2);
    const heard = down.data.map((data) => (Array.isArray(data) ? data[0] : data));
    const [gap, ...others] = down.gaps as { from: number; to: number; reason: string }[];
    expect([gap?.reason, others]).toEqual(["forgotten", []]);
    expect(heard).toEqual([...numbers(gap!.from - 1), ...numbers(75).slice(gap!.to)]);
  });

  it("keeps its edge when it is only throttled, hidden for long with timers that do not fire", async () => {
    const { mesh, peer, sleeper, down, publish, edges } = await scene();
    sleeper.tell("hidden");
    sleeper.throttled = true;
    await publish(peer, "down", 100);
    await mesh.run(5 * MINUTE_MS);
    await publish(peer, "down", 100);
    expect([edges, down]).toEqual([[], { data: numbers(200), gaps: [] }]);
  });

  it("dials without a timer when its edge is lost while it is hidden", async () => {
    const { mesh, page, sleeper, edges } = await scene();
    sleeper.tell("hidden");
    sleeper.throttled = true;
    mesh.network.drop("page", "gateway");
    await mesh.run(100);
    expect([edges.length, page.connection.state]).toEqual([2, "online"]);
  });
});

describe("a page that is put into the back/forward cache", () => {
  it("has nothing open there, and goes on at once when it is shown again", async () => {
    const { mesh, gateway, peer, page, sleeper, down, up, publish } = await scene();
    void page.publish("up", "before");
    await publish(peer, "down", 3);
    sleeper.tell("pagehide", "hidden", "freeze");
    await mesh.run(100);
    expect([page.edges, gateway.edges.map(({ peer }) => peer.name), mesh.network.openLinks]).toEqual([[], ["peer"], 2]);
    // One that goes on running dials nobody either.
    await publish(peer, "down", 120);
    expect(mesh.network.openLinks).toBe(2);
    sleeper.tell("resume", "visible", "pageshow");
    await mesh.run(200);
    expect(down).toEqual({ data: numbers(123), gaps: [] });
    void page.publish("up", "after");
    await mesh.run(200);
    expect(up).toEqual({ data: ["before", "after"], gaps: [] });
  });

  it.each(["before it has answered", "after it has answered"])("gives up a dial, %s", async (when) => {
    const { mesh, page, sleeper } = await scene();
    mesh.network.drop("page", "gateway");
    await mesh.run(when.startsWith("before") ? 1 : 500);
    sleeper.tell("visible");
    await mesh.run(when.startsWith("before") ? 1 : 35);
    sleeper.tell("pagehide");
    await mesh.run(1_000);
    expect([page.edges, mesh.network.openLinks]).toEqual([[], 2]);
    sleeper.tell("pageshow");
    await mesh.run(2_000);
    expect(page.connection.state).toBe("online");
  });
});

describe("the lease of a page that has published", () => {
  async function away(...events: LifecycleEvent[]) {
    const all = await scene();
    void all.page.publish("up", 1);
    await all.mesh.run(1_000);
    all.sleeper.tell(...events);
    await all.mesh.run(100);
    all.sleeper.stop();
    return all;
  }
  const lost = [{ from: 2, to: Number.POSITIVE_INFINITY, reason: "origin-lost" }];

  it("is a minute while it is seen, and after it was unloaded", async () => {
    for (const events of [[], ["hidden", "unload"]] satisfies LifecycleEvent[][]) {
      const { mesh, up } = await away(...events);
      await mesh.run(23_000 + LIMITS.leafLeaseMs - 1_000);
      expect(up.gaps).toEqual([]);
      await mesh.run(5 * MINUTE_MS);
      expect(up.gaps).toEqual(lost);
    }
  });

  it("is ten minutes when it was hidden, and then ends", async () => {
    const { mesh, gateway, up } = await away("hidden");
    await mesh.run(23_000 + LIMITS.awayLeaseMs - 1_000);
    expect([gateway.edges.map(({ peer }) => peer.name), up.gaps]).toEqual([["peer"], []]);
    await mesh.run(5 * MINUTE_MS);
    expect(up.gaps).toEqual(lost);
  });

  it("is announced anew on every edge: also a page that is hidden when it joins", async () => {
    const { mesh, page, sleeper, up } = await away("hidden");
    sleeper.go();
    mesh.network.drop("page", "gateway");
    await mesh.run(1_000);
    void page.publish("up", 2);
    await mesh.run(1_000);
    sleeper.stop();
    await mesh.run(5 * MINUTE_MS);
    expect(up).toEqual({ data: [1, 2], gaps: [] });
  });
});

describe("what a page asked before it slept is answered when it wakes, though its time was over meanwhile", () => {
  type Asking = Awaited<ReturnType<typeof scene>> & { readonly other: MeshNode };
  it.each<[what: string, ask: (asking: Asking) => Promise<unknown>]>([
    ["a call", ({ page }) => page.remote<{ wait(): Promise<string> }>("service").wait()],
    ["a ping", ({ page, peer }) => page.ping(peer.id)],
    ["a message to whom it has to look for", ({ page, other }) => page.send(other.id, "up", 1)],
    [
      "a discovery",
      ({ page }) => page.discover("up").then(({ missing }) => missing[0] && Promise.reject(missing[0].error)),
    ],
  ])("%s", async (_what, ask) => {
    const { mesh, peer, page, sleeper, ...rest } = await scene();
    const answers: (() => void)[] = [];
    peer.expose("service", { wait: () => new Promise((resolve) => answers.push(() => resolve("answer"))) });
    const other = await mesh.node("other", { role: "leaf", join: ["gateway"] });
    await mesh.until(other.subscribe("up").ready);
    await mesh.run(1_000);
    const asked = ask({ mesh, peer, page, sleeper, other, ...rest });
    await mesh.run(15);
    sleeper.stop();
    await mesh.run(10);
    for (const answer of answers) answer();
    await mesh.run(20_000);
    sleeper.go();
    await mesh.until(asked);
  });
});

it("a page is not watched any more when its node is closed", async () => {
  const { mesh, page, sleeper } = await scene();
  sleeper.tell("online", "offline");
  expect(sleeper.isWatched).toBe(true);
  await mesh.until(page.close());
  expect(sleeper.isWatched).toBe(false);
});

describe("a page that is refused", () => {
  it("is offline and says why, also while it asks again, which it does seldom, or when its page is looked at", async () => {
    const mesh = new SimulatedMesh({ settle, delayMs: 10 });
    onTestFinished(() => mesh[Symbol.asyncDispose]());
    await mesh.node("gateway", { role: "gateway", mesh: "lab" });
    const sleeper = new SleepingPage(mesh, "page");
    let asked = 0;
    const credentials = (): string => `token ${++asked}`;
    const options = { role: "leaf", mesh: "home", join: ["gateway"], credentials } as const;
    const page = await mesh.node("page", options, sleeper.runtime);
    const told: unknown[] = [];
    page.on("error", () => {});
    page.on("connection", ({ state, reason }) => void told.push([state, reason?.slice(0, 12)]));
    await mesh.run(10 * MINUTE_MS);
    expect(told).toEqual([["offline", "[other-mesh]"]]);
    expect(asked).toBe(sleeper.dialledAtMs.length);
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(25);
    sleeper.tell("visible");
    await mesh.run(1_000);
    expect(sleeper.dialledAtMs.length).toBe(asked);
    expect(told.length).toBe(1);
  });

  it("at one gateway tries the others soon", async () => {
    const mesh = new SimulatedMesh({ settle, delayMs: 10 });
    onTestFinished(() => mesh[Symbol.asyncDispose]());
    await mesh.node("other", { role: "gateway", mesh: "lab" });
    await mesh.node("ours", { role: "gateway", mesh: "home" });
    const page = await mesh.node("page", { role: "leaf", mesh: "home", join: ["other", "nobody", "ours"] });
    page.on("error", () => {});
    await mesh.run(2_000);
    expect(page.edges.map(({ peer }) => peer.name)).toEqual(["ours"]);
  });
});
