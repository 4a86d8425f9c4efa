import { describe, expect, it, onTestFinished } from "vitest";
import { ed25519Identity, ed25519Verifier } from "../auth/ed25519.fixture.ts";
import { type Identity, keylessIdentity } from "../auth/index.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";
import { control, type ShareBody, Writer } from "../wire/index.ts";
import { Directory } from "./directory.ts";
import type { StoredRecord } from "./records.ts";

const random = new SeededRandom(1);
const [alice, bob, page] = [1, 2, 3].map(() => keylessIdentity(random).id) as [string, string, string];
const life =
  (incarnation: number, gone = false) =>
  (id: string): StoredRecord | undefined =>
    id === alice || id === bob ? ({ id, incarnation, gone } as StoredRecord) : undefined;
const recordOf = life(1);

const topic = (pattern: string, self: boolean, leaves: number): ShareBody["topics"][number] => ({
  pattern,
  self,
  leaves,
});

function share(id: string, version: number, changes: Partial<ShareBody> = {}): Uint8Array {
  const writer = new Writer();
  control.shareBody.write(writer, {
    ...{ id, incarnation: 1, version, whole: version === 1, topics: [], services: [] },
    ...changes,
  });
  return control.share.encode({ body: writer.finish(), signature: new Uint8Array(0) });
}

const everybody = (): boolean => true;

describe("Directory", () => {
  it("counts what it drops: what is known already apart from lives that are over or unknown", () => {
    const directory = new Directory(undefined, page);
    directory.offer(share(alice, 1), recordOf);
    expect(directory.old).toEqual({ knownNews: 0, strayNews: 0 });
    directory.offer(share(alice, 1), recordOf);
    // Its own, which a neighbour has from another one.
    directory.offer(share(page, 1), recordOf);
    expect(directory.old).toEqual({ knownNews: 2, strayNews: 0 });
    directory.offer(share(alice, 2), life(2));
    directory.offer(share(alice, 2), life(1, true));
    directory.offer(share("0".repeat(32), 1), recordOf);
    expect(directory.old).toEqual({ knownNews: 2, strayNews: 3 });
  });

  it("names peers that want a topic by any pattern, once, and counts leaves", () => {
    const directory = new Directory(undefined, page);
    directory.offer(share(alice, 1, { topics: [topic("x/*", true, 2), topic("x/y", true, 0)] }), recordOf);
    directory.offer(share(bob, 1, { topics: [topic("x/**", false, 3), topic("z", true, 5)] }), recordOf);
    expect(directory.subscribers("x/y", everybody)).toEqual({ peers: [alice], leaves: 5 });
    expect(directory.subscribers("x/y", (peer) => peer !== alice)).toEqual({ peers: [], leaves: 3 });
  });

  it("counts of overlapping patterns only the leaves that are certain", () => {
    const directory = new Directory(undefined, page);
    directory.offer(share(alice, 1, { topics: [topic("x", false, 2), topic("*", false, 3)] }), recordOf);
    expect(directory.subscribers("x", everybody).leaves).toBe(3);
  });

  it("follows changes version by version, and says when one is missing", () => {
    const directory = new Directory(undefined, page);
    const services = [{ service: "page", owner: page, ownerName: "a page", arrival: 7, offered: true }];
    expect(directory.offer(share(alice, 1, { topics: [topic("x", true, 0)], services }), recordOf).on).toBe("news");
    expect([...directory.instances("page")]).toEqual([
      { service: "page", owner: page, ownerName: "a page", home: alice },
    ]);
    expect(directory.lastPlaceOf(page, everybody)).toMatchObject({ instance: { home: alice }, arrival: 7 });
    expect(directory.offer(share(alice, 3, { topics: [topic("y", true, 0)] }), recordOf).on).toBe("behind");
    expect(directory.subscribers("y", everybody).peers).toEqual([]);
    expect(directory.offer(share(alice, 2, { topics: [topic("x", false, 0)] }), recordOf).on).toBe("news");
    expect(directory.offer(share(alice, 2, { topics: [topic("x", true, 0)] }), recordOf).on).toBe("old");
    const over = services.map((service) => ({ ...service, offered: false }));
    directory.offer(share(alice, 3, { services: over }), recordOf);
    expect(directory.subscribers("x", everybody).peers).toEqual([]);
    expect([[...directory.services()], directory.lastPlaceOf(page, everybody)]).toEqual([[], undefined]);
  });

  it("tells newcomers what they lack, from the last whole version on", () => {
    const directory = new Directory(undefined, page);
    const frames = [1, 2, 3].map((version) => share(alice, version));
    for (const frame of frames) directory.offer(frame, recordOf);
    const record = recordOf(alice)!;
    expect([directory.since(record, 0), directory.since(record, 2), directory.since(record, 3)]).toEqual([
      frames,
      frames.slice(2),
      [],
    ]);
    const whole = share(alice, 4, { whole: true });
    directory.offer(whole, recordOf);
    expect([directory.since(record, 0), directory.since(record, 3)]).toEqual([[whole], [whole]]);
  });

  it("takes nothing of who is not known, of another life, or gone", () => {
    const directory = new Directory(undefined, page);
    for (const of of [life(2), life(1, true), () => undefined])
      expect(directory.offer(share(alice, 1, { topics: [topic("x", true, 0)] }), of).on).toBe("old");
    expect(directory.subscribers("x", everybody).peers).toEqual([]);
  });

  it("keeps no more of a peer than there is room for", () => {
    const directory = new Directory(undefined, page);
    const topics = Array.from({ length: 900 }, (_, i) => topic(`${i}/${"x".repeat(1_000)}`, true, 0));
    const news = Array.from({ length: 12 }, (_, i) => directory.offer(share(alice, i + 1, { topics }), recordOf).on);
    expect(news).toEqual([...Array(9).fill("news"), "refused", "old", "old"]);
    expect(directory.refused).toBe(3);
    expect(directory.offer(share(alice, 20, { whole: true }), recordOf).on).toBe("news");
    expect(directory.offer(share(alice, 21), recordOf).on).toBe("news");
  });

  it("asks for nothing that it has no room for, and tells nobody that it holds it", () => {
    const directory = new Directory(undefined, page);
    const topics = Array.from({ length: 900 }, (_, i) => topic(`${i}/${"x".repeat(1_000)}`, true, 0));
    for (let version = 1; version <= 10; version++) directory.offer(share(alice, version, { topics }), recordOf);
    expect(directory.version(recordOf(alice)!)).toBe(10);
    expect(directory.offer(share(alice, 15), recordOf).on).toBe("old");
    expect(directory.version(recordOf(alice)!)).toBe(15);
    expect(directory.since(recordOf(alice)!, 0)).toHaveLength(9);
    expect(directory.since(recordOf(alice)!, 9)).toEqual([]);
  });

  it("has room for what little anybody says, however much others say, and for its own", () => {
    const directory = new Directory(undefined, page);
    const everyone = (id: string): StoredRecord => ({ id, incarnation: 1, gone: false }) as StoredRecord;
    const offer = (id: string, version: number, entries: number, bodyBytes = 0): string => {
      const topics = Array.from({ length: entries }, (_, i) => topic(`${version}/${i}`, true, 0));
      const { body } = control.share.decode(share(id, version, { topics }));
      const padded = new Uint8Array(Math.max(body.byteLength, bodyBytes));
      padded.set(body);
      return directory.offer(control.share.encode({ body: padded, signature: new Uint8Array(0) }), everyone).on;
    };
    let peers = 0;
    for (const bytes of [1e6, 1e5, 28e3]) while (offer(keylessIdentity(random).id, 1, 1, bytes) === "news") peers++;
    expect(peers).toBeLessThan(400); // in 256 MiB, beside their own parts of 26 KiB
    expect([offer(alice, 1, 40), offer(alice, 2, 20)]).toEqual(["news", "refused"]);
    expect(offer(bob, 1, 1, 30_000)).toBe("refused");
    expect(offer(page, 1, 40, 1e6)).toBe("news");
    expect(directory.entries).toBe(peers + 40 + 40);
  });

  it("asks for the first version where another one claims to be a change to nothing", () => {
    const directory = new Directory(undefined, page);
    expect(directory.offer(share(alice, 1, { whole: false }), recordOf).on).toBe("behind");
  });

  it("asks for nothing because of what is not signed", () => {
    const [mallory, victim] = [ed25519Identity(), ed25519Identity()];
    const directory = new Directory(ed25519Verifier, page);
    const { id, publicKey } = victim;
    const record = { id, publicKey, incarnation: 1, gone: false } as StoredRecord;
    const { body } = control.share.decode(share(id, 5, { whole: false }));
    const offer = (signer: Identity): string =>
      directory.offer(control.share.encode({ body, signature: signer.sign(body) }), () => record).on;
    expect(() => offer(mallory)).toThrow("[bad-credentials]");
    expect(offer(victim)).toBe("behind");
  });

  it("finds a leaf where it came last, of gateways within reach, whatever they told first", () => {
    const directory = new Directory(undefined, "0".repeat(32));
    const listed = (gateway: string, version: number, arrival: number): void => {
      const services = [{ service: "page", owner: page, ownerName: "a page", arrival, offered: true }];
      directory.offer(share(gateway, version, { services }), recordOf);
    };
    const place = (isReached: (id: string) => boolean = everybody): string | undefined =>
      directory.lastPlaceOf(page, isReached)?.instance.home;
    listed(alice, 1, 7);
    listed(bob, 1, 8);
    expect([place(), place((id) => id === alice), place(() => false)]).toEqual([bob, alice, bob]);
    listed(alice, 2, 9);
    expect([place(), place((id) => id === bob)]).toEqual([alice, bob]);
    directory.forget(alice);
    expect(place()).toBe(bob);
  });

  it("holds nothing any more of a peer that is forgotten", () => {
    const directory = new Directory(undefined, page);
    const services = [{ service: "page", owner: page, ownerName: "a page", arrival: 7, offered: true }];
    directory.offer(share(alice, 1, { topics: [topic("x/**", true, 1)], services }), recordOf);
    directory.forget(alice);
    expect(directory.subscribers("x", everybody)).toEqual({ peers: [], leaves: 0 });
    expect([...directory.services()]).toEqual([]);
    expect(directory.version(recordOf(alice)!)).toBe(0);
  });
});

describe("leaves with more subscriptions than a record holds", () => {
  it("cost their gateway no edge, and get their messages", async () => {
    const mesh = new SimulatedMesh({ settle });
    onTestFinished(() => mesh[Symbol.asyncDispose]());
    const peer = await mesh.node("peer");
    const warnings: string[] = [];
    const logger = { log: (level: string, event: string) => void (level === "warn" && warnings.push(event)) };
    const gateway = await mesh.node("gateway", { role: "gateway", join: ["peer"], logger });
    const received: string[] = [];
    const long = "x".repeat(900);
    const ready: Promise<void>[] = [];
    for (let number = 0; number < 4; number++) {
      const leaf = await mesh.node(`leaf ${number}`, { role: "leaf", join: ["gateway"] });
      await mesh.until(leaf.ready());
      for (let i = 0; i < 400; i++) {
        const topic = `${long}/${number}/${i}`;
        ready.push(leaf.subscribe(topic, {}, (message) => void received.push(message.topic.slice(901))).ready);
      }
    }
    await mesh.until(Promise.all(ready));
    await mesh.run(1_000);
    for (const topic of ["0/0", "3/399"]) await peer.publish(`${long}/${topic}`, 1);
    await mesh.run(100);
    expect(received).toEqual(["0/0", "3/399"]);
    expect(gateway.edges.map((edge) => edge.peer.role).sort()).toEqual(["leaf", "leaf", "leaf", "leaf", "peer"]);
    expect(warnings).toEqual([]);
    expect(await peer.subscribers(`${long}/0/0`)).toEqual({ peers: [], leaves: 1 });

    mesh.network.drop("gateway", "peer");
    await mesh.run(5_000);
    await peer.publish(`${long}/2/200`, 1);
    await mesh.run(100);
    expect(received.at(-1)).toBe("2/200");
  });
});
