/**
 * One random life of a small mesh, heard by the oracle: peers, gateways and leaves in trees and cycles, subscriptions that
 * come, close and come again, quick and slow readers, edges cut and restored, peers that crash or are closed and come back,
 * and leaves that sleep as pages do.
 */
import { type Identity, keylessIdentity } from "../auth/index.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import type { MeshNode } from "../node.ts";
import type { Message } from "../streamer/index.ts";
import { Ledger, type Life, Witness } from "./contract-oracle.ts";
import { type Plan, planFor } from "./contract-plan.ts";
import { Naps } from "./naps.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedMesh } from "./simulated-mesh.ts";

export interface ContractResult {
  /** Empty when the contract held. */
  readonly violations: readonly string[];
  readonly plan: Plan;
  readonly published: number;
  readonly delivered: number;
  readonly gaps: number;
  readonly drops: number;
}

const RELIABLE = ["a/x", "a/y", "b"];
const TOPICS = [...RELIABLE, "v/x", "v/y"];
const PATTERNS = ["a/x", "a/*", "**", "b", "a/y", "v/*", "v/x"];
const SMALL_LOG = 64 * 1024;
/** A topic left alone for much longer would get a new flow, whose numbers begin again. */
const IDLE_MS = LIMITS.logAgeMs - 100_000;

/** Longer than a message takes from anyone to anyone. */
const REACH_ALL_MS = 1_000;

interface Place {
  readonly name: string;
  readonly role: "peer" | "gateway" | "leaf";
  /** Names of those it joins. */
  readonly joins: readonly string[];
  readonly logBytes: number | undefined;
}

export async function contractRun(seed: number, settle: () => Promise<void>): Promise<ContractResult> {
  const plan = planFor(seed, new SeededRandom(seed));
  await using mesh = new SimulatedMesh({ seed, settle, delayMs: 5 });
  const run = new Run(mesh, plan);
  await run.begin();
  await mesh.run(plan.runMs);
  await run.settle();
  await run.publishToAll();
  return run.judge();
}

class Run {
  readonly #mesh: SimulatedMesh;
  readonly #plan: Plan;
  readonly #ledger = new Ledger();
  readonly #violations: string[] = [];
  readonly #witnesses: Witness[] = [];
  /** Those whose subscription is open, and where. */
  readonly #open = new Map<Witness, string>();
  readonly #places: readonly Place[];
  /** The present life of whoever is alive. */
  readonly #lives = new Map<string, Life>();
  readonly #identities = new Map<string, Identity>();
  readonly #smallOrigins = new Set<string>();
  readonly #leafOrigins = new Set<string>();
  readonly #lastPublishedMs = new Map<string, number>();
  readonly #naps: Naps;
  /** What is not to happen any more once everything settles. */
  readonly #unlessSettling: Disposable[] = [];
  #published = 0;
  #isSettling = false;

  constructor(mesh: SimulatedMesh, plan: Plan) {
    this.#mesh = mesh;
    this.#plan = plan;
    this.#naps = new Naps(mesh);
    this.#places = this.#layOut();
  }

  #pick(count: number): number {
    return Math.floor(this.#mesh.random.float() * count);
  }

  #chance(probability: number): boolean {
    return this.#mesh.random.float() < probability;
  }

  #at(delayMs: number, work: () => void): Disposable {
    return this.#mesh.clock.setTimer(delayMs, work);
  }

  #layOut(): Place[] {
    const { peers, leaves, logs, extraJoins, gatewaysOfLeaf } = this.#plan;
    const joins = Array.from({ length: peers }, (_, i) => new Set(i === 0 ? [] : [`n${this.#pick(i)}`]));
    for (let i = 0; i < extraJoins; i++) {
      const at = 1 + this.#pick(peers - 1);
      joins[at]!.add(`n${this.#pick(at)}`);
    }
    for (let i = 0; i < leaves; i++)
      joins.push(new Set(Array.from({ length: gatewaysOfLeaf }, () => `n${this.#pick(peers)}`)));
    return joins.map((names, i) => ({
      name: `n${i}`,
      role: i >= peers ? "leaf" : leaves > 0 ? "gateway" : "peer",
      joins: [...names],
      logBytes: logs === "small" || (logs === "mixed" && this.#chance(0.5)) ? SMALL_LOG : undefined,
    }));
  }

  async begin(): Promise<void> {
    for (const place of this.#places) await this.#start(place);
    await this.#mesh.run(1_000);
    const { runMs, subscriptions, messages, faults, crashes, naps } = this.#plan;
    for (const place of this.#places)
      for (let i = 0; i < subscriptions; i++)
        if (this.#chance(0.7))
          this.#at(this.#pick(runMs / 2), () =>
            this.#naps.awake(place.name, () => this.#watch(place, this.#pickPattern())),
          );
    for (let i = 0; i < messages; i++) this.#at(this.#pick(runMs), () => this.#publishSomething());
    for (let i = 0; i < faults; i++)
      this.#at(this.#pick(runMs), () => {
        const place = this.#places[1 + this.#pick(this.#places.length - 1)]!;
        if (place.role !== "leaf" && this.#chance(crashes)) this.#end(place);
        else this.#cut(place);
      });
    const leaves = this.#places.filter(({ role }) => role === "leaf");
    for (let i = 0; i < naps; i++) {
      const { name } = leaves[this.#pick(leaves.length)]!;
      this.#at(this.#pick(runMs), () => this.#naps.sleep(name, this.#faultMs()));
    }
  }

  async #start(place: Place): Promise<void> {
    const { name, role, joins, logBytes } = place;
    // Who crashed comes back as itself, or as somebody else.
    const former = this.#chance(0.5) ? this.#identities.get(name) : undefined;
    const identity = former ?? keylessIdentity(this.#mesh.random);
    this.#identities.set(name, identity);
    const { id } = identity;
    const options = { role, join: joins, ...(logBytes !== undefined && { logBytes }) };
    const runtime = role === "leaf" && this.#plan.naps > 0 ? this.#naps.runtime(name) : {};
    await this.#mesh.node(name, options, { identity, ...runtime });
    if (logBytes !== undefined) this.#smallOrigins.add(id);
    if (role === "leaf") this.#leafOrigins.add(id);
    this.#lives.set(name, { origin: id, crashed: false });
  }

  #node(name: string): MeshNode {
    return this.#mesh.nodes.get(name)!;
  }

  // ---- publishing

  #publishSomething(): void {
    const { name } = this.#places[this.#pick(this.#places.length)]!;
    const topic = this.#chance(0.2) ? this.#newTopic() : TOPICS[this.#pick(TOPICS.length)]!;
    this.#publish(name, topic, 4 + this.#pick(this.#plan.payloadBytes));
  }

  #publish(name: string, topic: string, size: number): void {
    const key = `${name} ${topic}`;
    const nowMs = this.#mesh.clock.now();
    const life = this.#lives.get(name);
    if (!life || this.#naps.isAsleep(name) || nowMs - (this.#lastPublishedMs.get(key) ?? nowMs) > IDLE_MS) return;
    this.#lastPublishedMs.set(key, nowMs);
    const payload = new Uint8Array(size).fill(this.#published);
    new DataView(payload.buffer).setUint32(0, this.#published++);
    const reliability = topic.startsWith("v/") ? "volatile" : "reliable";
    this.#ledger.note(life, topic, reliability, payload);
    void this.#node(name).publish(topic, payload, { reliability });
  }

  /** Another one every second: flows begin at all times, also while an edge is cut. */
  #newTopic(): string {
    return `a/${Math.floor(this.#mesh.clock.now() / 1_000)}`;
  }

  // ---- faults

  #cut({ name, joins }: Place): void {
    const other = joins[this.#pick(joins.length)]!;
    this.#mesh.network.cut(name, other, { detectMs: this.#pick(400) });
    this.#unlessSettling.push(this.#at(this.#faultMs(), () => this.#mesh.network.heal(name, other)));
  }

  /** How long a cut or a nap lasts. */
  #faultMs(): number {
    const [shortest, longest] = this.#plan.cutMs;
    return shortest + this.#pick(longest - shortest);
  }

  #end(place: Place): void {
    const { name } = place;
    const life = this.#lives.get(name);
    if (!life) return;
    this.#lives.delete(name);
    const isClosed = this.#plan.naps > 0 && this.#chance(0.5);
    this.#ledger.onEnd(life, isClosed);
    for (const key of this.#lastPublishedMs.keys()) if (key.startsWith(`${name} `)) this.#lastPublishedMs.delete(key);
    for (const [witness, where] of this.#open) if (where === name) this.#open.delete(witness);
    if (!isClosed) this.#mesh.network.crash(name, { detectMs: this.#pick(200) });
    const closed = this.#node(name).close({ timeoutMs: isClosed ? this.#pick(2_000) : 0 });
    const pauseMs = 300 + this.#pick(2_000);
    if (isClosed) void closed.then(() => this.#at(pauseMs, () => void this.#start(place)));
    else this.#at(pauseMs, () => void this.#start(place));
  }

  // ---- subscribing

  #pickPattern(): string {
    return PATTERNS[this.#pick(PATTERNS.length)]!;
  }

  #watch(place: Place, pattern: string): void {
    const { name } = place;
    if (!this.#lives.has(name)) return;
    const node = this.#node(name);
    const isSlow = this.#chance(this.#plan.slowReaders);
    const capacity = this.#chance(this.#plan.capacities) ? 1 + this.#pick(20) : undefined;
    const overflow = this.#chance(0.5) ? ("drop-oldest" as const) : ("drop-newest" as const);
    const witness = this.#witness(place, pattern, isSlow, capacity !== undefined);
    const options = capacity === undefined ? {} : { capacity, overflow };
    const isHandled = this.#chance(0.5);
    const pause = (): Promise<void> | undefined => (isSlow ? this.#pause(name) : undefined);
    const handler = (message: Message): Promise<void> | void => {
      witness.onMessage(message);
      return pause();
    };
    const subscription = isHandled ? node.subscribe(pattern, options, handler) : node.subscribe(pattern, options);
    subscription.on("gap", (gap) => witness.onGap(gap));
    subscription.on("drop", (drop) => witness.onDrop(drop));
    if (!isHandled)
      void (async () => {
        for await (const message of subscription) await handler(message);
      })();
    this.#open.set(witness, name);
    void subscription.ready.then(async () => {
      const heads = this.#ledger.heads();
      const { nodes } = await node.topology();
      witness.onReady(new Set(nodes.map(({ id }) => id)), heads);
    });
    if (this.#isSettling || !this.#chance(this.#plan.closing)) return;
    const closeIt = (): void => {
      this.#open.delete(witness);
      subscription.close();
      if (this.#chance(this.#plan.comingAgain))
        this.#at(this.#chance(0.5) ? 0 : this.#pick(2_000), () =>
          this.#naps.awake(place.name, () => this.#watch(place, pattern)),
        );
    };
    this.#unlessSettling.push(this.#at(this.#pick(this.#plan.runMs), () => this.#naps.awake(place.name, closeIt)));
  }

  #witness({ name, logBytes }: Place, pattern: string, isSlow: boolean, drops: boolean): Witness {
    const { logs, cutMs, runMs, settleMs } = this.#plan;
    const mayBeLost = (origin: string): boolean =>
      cutMs[1] > (this.#leafOrigins.has(origin) ? LIMITS.leafLeaseMs : TIMINGS.recordExpiryMs);
    const witness = new Witness(
      name,
      pattern,
      this.#ledger,
      {
        drops,
        crashesAreKnown: settleMs > TIMINGS.recordExpiryMs,
        slow: logs !== "large" || (isSlow && logBytes !== undefined),
        // While an origin is given up for lost, nobody can be asked for what relays have forgotten; and logs have an age.
        forgotten: (origin) => this.#smallOrigins.has(origin) || mayBeLost(origin) || runMs > LIMITS.logAgeMs,
        lost: mayBeLost,
      },
      this.#violations,
    );
    this.#witnesses.push(witness);
    return witness;
  }

  #pause(name: string): Promise<void> {
    return new Promise((resolve) =>
      this.#at(this.#isSettling ? 0 : this.#pick(2_000), () => this.#naps.awake(name, resolve)),
    );
  }

  // ---- the end

  async settle(): Promise<void> {
    this.#isSettling = true;
    for (const timer of this.#unlessSettling) timer[Symbol.dispose]();
    this.#naps.wakeAll();
    this.#mesh.network.healAll();
    await this.#mesh.run(this.#plan.settleMs);
  }

  /** Now everybody hears everybody, whatever has been. Volatile topics stay as they are: what was skipped last is told, too. */
  async publishToAll(): Promise<void> {
    this.#ledger.onSettled();
    for (const name of this.#lives.keys()) for (const topic of [...RELIABLE, "a/end"]) this.#publish(name, topic, 4);
    await this.#mesh.run(REACH_ALL_MS);
  }

  judge(): ContractResult {
    for (const witness of this.#open.keys()) witness.judge();
    const sum = (what: "delivered" | "gaps" | "drops"): number =>
      this.#witnesses.reduce((total, witness) => total + witness[what], 0);
    return {
      violations: this.#violations,
      plan: this.#plan,
      published: this.#published,
      delivered: sum("delivered"),
      gaps: sum("gaps"),
      drops: sum("drops"),
    };
  }
}
