import { describe, expect, it, onTestFinished } from "vitest";
import { TIMINGS } from "../base/limits.ts";
import type { MeshNode } from "../node.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

function simulation(): SimulatedMesh {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  return mesh;
}

/** Every set that a watch of "t" gives, in names. */
function watch(node: MeshNode): { readonly sets: string[]; close(): void } {
  const sets: string[] = [];
  const presence = node.presence("t");
  void (async () => {
    for await (const present of presence) sets.push(present.map(({ name }) => name).join(" "));
    sets.push("end");
  })();
  return { sets, close: () => presence.close() };
}

async function subscriber(mesh: SimulatedMesh, name: string, join: string, role: "leaf" | "peer"): Promise<MeshNode> {
  const node = await mesh.node(name, { role, join: [join] });
  void node.subscribe("t");
  return node;
}

async function line(mesh: SimulatedMesh): Promise<{ watcher: MeshNode; gateway: MeshNode }> {
  const watcher = await mesh.node("watcher", { role: "gateway" });
  const gateway = await mesh.node("gateway", { role: "gateway", join: ["watcher"] });
  await mesh.run(1_000);
  return { watcher, gateway };
}

describe("presence()", () => {
  it("gives the set now, then each change of peers and leaves, and ends with its handle", async () => {
    const mesh = simulation();
    const { watcher } = await line(mesh);
    await subscriber(mesh, "far", "gateway", "leaf");
    await mesh.run(1_000);
    const { sets, close } = watch(watcher);
    await mesh.run(1_000);
    expect(sets).toEqual(["far"]);
    const peer = await subscriber(mesh, "peer", "gateway", "peer");
    await mesh.run(2_000);
    const near = await subscriber(mesh, "near", "watcher", "leaf");
    await mesh.run(2_000);
    await mesh.until(peer.close());
    await mesh.run(2_000);
    await mesh.until(near.close());
    await mesh.run(2_000);
    close();
    await mesh.run(0);
    expect(sets).toEqual(["far", "far peer", "far near peer", "far near", "far", "end"]);
  });

  it("leaves oneself out, on a leaf too", async () => {
    const mesh = simulation();
    const { gateway } = await line(mesh);
    const self = await subscriber(mesh, "self", "gateway", "leaf");
    await subscriber(mesh, "other", "gateway", "leaf");
    const { sets } = watch(self);
    await mesh.run(2_000);
    expect(sets.at(-1)).toBe("other");
    void gateway.subscribe("t");
    await mesh.run(2_000);
    expect(sets.at(-1)).toBe("gateway other");
  });

  it("waits for the mesh before it gives anything", async () => {
    const mesh = simulation();
    await line(mesh);
    await subscriber(mesh, "far", "gateway", "leaf");
    await mesh.run(1_000);
    const late = await mesh.node("late", { join: ["watcher"] });
    const { sets } = watch(late);
    await mesh.run(2_000);
    expect(sets).toEqual(["far"]);
  });

  it("notices a leaf that another one replaced within one change of the directory", async () => {
    const mesh = simulation();
    const { watcher, gateway } = await line(mesh);
    const one = await subscriber(mesh, "one", "gateway", "leaf");
    const other = await mesh.node("other", { role: "leaf", join: ["gateway"] });
    await mesh.run(2_000);
    const { sets } = watch(watcher);
    await mesh.run(1_000);
    // Whoever tells much has to wait: then both of what follows is told at once.
    for (let i = 0; i < 12; i++) {
      await mesh.until(gateway.subscribe(`${i}`).ready);
      await mesh.run(5);
    }
    const counts = new Set<number>();
    const counting = setCounter(mesh, watcher, counts);
    await mesh.until(other.subscribe("t").ready);
    mesh.network.drop("one", "gateway");
    mesh.network.cut("one", "gateway");
    await mesh.run(2_000);
    counting.stop();
    expect([...counts]).toEqual([1]);
    expect(sets).toEqual(["one", "other"]);
    mesh.network.healAll();
    await mesh.until(one.close());
  });

  it("follows gateways out of reach and back", async () => {
    const mesh = simulation();
    const { watcher } = await line(mesh);
    await subscriber(mesh, "far", "gateway", "leaf");
    await mesh.run(1_000);
    const { sets } = watch(watcher);
    await mesh.run(1_000);
    mesh.network.cut("watcher", "gateway");
    await mesh.run(5_000);
    mesh.network.heal("watcher", "gateway");
    await mesh.run(30_000);
    expect(sets).toEqual(["far", "", "far"]);
  });

  it("drops the leaves of a gateway that vanishes without a word as soon as its neighbour has noticed", async () => {
    const mesh = simulation();
    const { watcher, gateway } = await line(mesh);
    const beyond = await mesh.node("beyond", { join: ["watcher"] });
    await subscriber(mesh, "far", "gateway", "leaf");
    await subscriber(mesh, "near", "watcher", "leaf");
    await mesh.run(1_500);
    const watches = [watch(watcher), watch(beyond)];
    await mesh.run(1_000);
    for (const neighbour of ["watcher", "far"]) mesh.network.cut("gateway", neighbour, { detectMs: 1e9 });
    await mesh.run(TIMINGS.pongMs - TIMINGS.peerPingMs);
    expect(watches.map(({ sets }) => sets)).toEqual([["far near"], ["far near"]]);
    await mesh.run(2 * TIMINGS.peerPingMs);
    expect(watches.map(({ sets }) => sets)).toEqual([
      ["far near", "near"],
      ["far near", "near"],
    ]);
    mesh.network.healAll();
    await mesh.until(gateway.close());
  });

  it("asks a gateway of many changes again and again, but not for every one, and ends at what is", async () => {
    const mesh = simulation();
    const { watcher, gateway } = await line(mesh);
    const leaf = await mesh.node("leaf", { role: "leaf", join: ["gateway"] });
    await subscriber(mesh, "far", "gateway", "leaf");
    await mesh.run(2_000);
    const { sets } = watch(watcher);
    await mesh.run(1_000);
    const packets = (): number => gateway.status().edges.find(({ peer }) => peer.name === "watcher")!.bytesOut;
    const before = packets();
    for (let i = 0; i < 50; i++) {
      const subscription = leaf.subscribe("t");
      await mesh.until(subscription.ready);
      await mesh.run(20);
      if (i < 49) subscription.close();
      await mesh.run(20);
    }
    await mesh.run(2_000);
    expect(packets() - before).toBeLessThan(20_000);
    expect(sets.at(-1)).toBe("far leaf");
    expect(sets.length).toBeLessThan(20);
  });

  it("costs nothing while nothing changes", async () => {
    /** What a gateway and a watcher say to each other in a minute. */
    const bytesOfAMinute = async (isWatched: boolean): Promise<number> => {
      const mesh = simulation();
      const { watcher, gateway } = await line(mesh);
      await subscriber(mesh, "far", "gateway", "leaf");
      await mesh.run(2_000);
      const { sets } = isWatched ? watch(watcher) : { sets: ["far"] };
      await mesh.run(1_000);
      const { bytesIn, bytesOut } = gateway.status().edges.find(({ peer }) => peer.name === "watcher")!;
      await mesh.run(60_000);
      expect(sets).toEqual(["far"]);
      const after = gateway.status().edges.find(({ peer }) => peer.name === "watcher")!;
      return after.bytesIn + after.bytesOut - bytesIn - bytesOut;
    };
    expect(await bytesOfAMinute(true)).toBe(await bytesOfAMinute(false));
  });

  it("ends with its node", async () => {
    const mesh = simulation();
    const { watcher } = await line(mesh);
    const { sets } = watch(watcher);
    await mesh.run(100);
    await mesh.until(watcher.close());
    expect(sets).toEqual(["", "end"]);
  });
});

/** Notes how many leaves the directory counts for "t", every millisecond. */
function setCounter(mesh: SimulatedMesh, node: MeshNode, counts: Set<number>): { stop(): void } {
  let stopped = false;
  const count = (): void => {
    if (stopped) return;
    void node.subscribers("t").then(({ leaves }) => counts.add(leaves));
    mesh.clock.setTimer(1, count);
  };
  count();
  return {
    stop: () => {
      stopped = true;
    },
  };
}
