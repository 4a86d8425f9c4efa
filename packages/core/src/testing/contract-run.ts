/**
 * One random life of a small mesh, and the oracle that judges it: section 6 of the design. Trees of nodes with
 * subscribers that come late and leave, wildcards, edges cut and restored, relays that crash and come back.
 */
import type { MeshNode } from "../node.ts";
import type { Gap, Message } from "../streamer/index.ts";
import { SimulatedMesh } from "./simulated-mesh.ts";

export interface ContractRunOptions {
  readonly seed: number;
  readonly settle: () => Promise<void>;
  /** Nodes in the tree, 2 or more. */
  readonly nodes: number;
  /** How many of them are leaves of gateways. Default 0. */
  readonly leaves?: number;
  /** Published in all. */
  readonly messages: number;
  /** Edges cut and relays crashed in all. */
  readonly faults: number;
}

/** What one subscription has heard of one origin's topic. */
interface Heard {
  first: number;
  /** Undefined after an open-ended gap: what comes next is a new beginning. */
  next: number | undefined;
  gaps: number;
}

interface Watched {
  readonly node: string;
  readonly pattern: string;
  readonly heard: Map<string, Heard>;
  /** The head of each flow when the subscription became ready: everything after it is owed. */
  owedAfter: ReadonlyMap<string, number> | undefined;
  /** The peers it was active at then. */
  reachable: ReadonlySet<string>;
  closed: boolean;
}

export interface ContractResult {
  /** Empty when the contract held. */
  readonly violations: readonly string[];
  readonly published: number;
  readonly delivered: number;
  readonly gaps: number;
}

const TOPICS = ["a/x", "a/y", "b"];
const PATTERNS = ["a/x", "a/*", "**", "b", "a/y"];
/** The run's length in virtual ms; then everything heals and settles. */
const RUN_MS = 20_000;
const SETTLE_MS = 20_000;

export async function contractRun(options: ContractRunOptions): Promise<ContractResult> {
  await using mesh = new SimulatedMesh({ seed: options.seed, settle: options.settle, delayMs: 5 });
  const { random, clock, network } = mesh;
  const pick = (count: number): number => Math.floor(random.float() * count);
  const leaves = options.leaves ?? 0;
  const violations: string[] = [];
  const watched: Watched[] = [];
  /** Last number published, by origin and topic. */
  const heads = new Map<string, number>();
  const origins = new Map<string, string>();
  let published = 0;
  let delivered = 0;
  let gaps = 0;

  const names = Array.from({ length: options.nodes }, (_, i) => `n${i}`);
  const parent = names.map((_, i) => (i === 0 ? undefined : names[pick(Math.min(i, options.nodes - leaves))]!));
  const isLeaf = (i: number): boolean => i >= options.nodes - leaves;
  const alive = new Set<string>();
  const leafIds = new Set<string>();
  const start = async (i: number): Promise<MeshNode> => {
    const join = parent[i] === undefined ? [] : [parent[i]];
    const node = await mesh.node(names[i]!, { join, role: isLeaf(i) ? "leaf" : leaves > 0 ? "gateway" : "peer" });
    origins.set(names[i]!, node.id);
    if (isLeaf(i)) leafIds.add(node.id);
    alive.add(names[i]!);
    return node;
  };
  for (const i of names.keys()) await start(i);
  await mesh.run(1_000);

  const watch = (name: string): void => {
    const node = mesh.nodes.get(name)!;
    const pattern = PATTERNS[pick(PATTERNS.length)]!;
    const entry: Watched = {
      node: name,
      pattern,
      heard: new Map(),
      owedAfter: undefined,
      reachable: new Set(),
      closed: false,
    };
    const hear = (key: string, from: number, to: number, lost: boolean): void => {
      const heard = entry.heard.get(key);
      if (!heard)
        entry.heard.set(key, { first: from, next: Number.isFinite(to) ? to + 1 : undefined, gaps: lost ? 1 : 0 });
      else {
        if (heard.next !== undefined && from !== heard.next)
          violations.push(`${name} ${pattern}: expected number ${heard.next} of ${key}, got ${from}`);
        heard.next = Number.isFinite(to) ? to + 1 : undefined;
        if (lost) heard.gaps++;
      }
    };
    const subscription = node.subscribe(pattern, {}, (message: Message) => {
      delivered++;
      hear(`${message.origin} ${message.topic}`, message.seq, message.seq, false);
    });
    subscription.on("gap", (gap: Gap) => {
      gaps++;
      hear(`${gap.origin} ${gap.topic}`, gap.from, gap.to, true);
    });
    void subscription.ready.then(() => {
      entry.owedAfter = new Map(heads);
      void node.topology().then(({ nodes }) => {
        entry.reachable = new Set(nodes.map(({ id }) => id));
      });
    });
    watched.push(entry);
    if (random.float() < 0.2) {
      clock.setTimer(pick(RUN_MS), () => {
        entry.closed = true;
        subscription.close();
      });
    }
  };

  for (const name of names) {
    if (random.float() < 0.7) clock.setTimer(pick(RUN_MS / 2), () => alive.has(name) && watch(name));
  }
  for (let i = 0; i < options.messages; i++) {
    clock.setTimer(pick(RUN_MS), () => {
      const name = names[pick(names.length)]!;
      const node = mesh.nodes.get(name);
      if (!node || !alive.has(name)) return;
      const topic = TOPICS[pick(TOPICS.length)]!;
      const key = `${node.id} ${topic}`;
      heads.set(key, (heads.get(key) ?? 0) + 1);
      published++;
      void node.publish(topic, i);
    });
  }
  const crashed = new Set<string>();
  for (let i = 0; i < options.faults; i++) {
    clock.setTimer(pick(RUN_MS), () => {
      const at = 1 + pick(names.length - 1);
      const name = names[at]!;
      if (random.float() < 0.7) {
        network.cut(name, parent[at]!, { detectMs: pick(400) });
        clock.setTimer(50 + pick(1_500), () => network.heal(name, parent[at]!));
      } else if (!isLeaf(at) && alive.has(name)) {
        crash(at);
      }
    });
  }
  const crash = (at: number): void => {
    const name = names[at]!;
    alive.delete(name);
    crashed.add(origins.get(name)!);
    network.crash(name, { detectMs: pick(200) });
    void mesh.nodes.get(name)!.close({ timeoutMs: 0 });
    for (const entry of watched) if (entry.node === name) entry.closed = true;
    clock.setTimer(300 + pick(2_000), () => void start(at));
  };

  await mesh.run(RUN_MS);
  network.healAll();
  await mesh.run(SETTLE_MS);

  for (const entry of watched) {
    if (entry.closed) continue;
    if (!entry.owedAfter) violations.push(`${entry.node} ${entry.pattern}: never ready`);
    for (const [key, head] of heads) {
      const [origin, topic] = key.split(" ") as [string, string];
      if (crashed.has(origin) || !matchesSlowly(entry.pattern, topic)) continue;
      const heard = entry.heard.get(key);
      if (heard && heard.next !== undefined && heard.next !== head + 1)
        violations.push(`${entry.node} ${entry.pattern}: ${key} ends at ${heard.next - 1} of ${head}`);
      if (heard && heard.gaps > 0 && !leafIds.has(origin))
        violations.push(
          `${entry.node} ${entry.pattern}: ${heard.gaps} gaps in ${key}, whose origin lives and holds all`,
        );
      // Origins out of reach when it became ready, and leaves, count from ATTACHED on, which nobody outside can see.
      if (!entry.owedAfter || !entry.reachable.has(origin)) continue;
      const owedFrom = (entry.owedAfter.get(key) ?? 0) + 1;
      if (heard && heard.first > owedFrom)
        violations.push(`${entry.node} ${entry.pattern}: ${key} begins at ${heard.first}, owed from ${owedFrom}`);
      if (!heard && head >= owedFrom)
        violations.push(`${entry.node} ${entry.pattern}: nothing of ${key}, owed ${owedFrom} to ${head}`);
    }
  }
  return { violations, published, delivered, gaps };
}

/** Matching as one would write it on paper, for the oracle. */
function matchesSlowly(pattern: string, topic: string): boolean {
  const source = pattern
    .split("/")
    .map((segment) => (segment === "**" ? "(?:[^/]+(?:/[^/]+)*)?" : segment === "*" ? "[^/]+" : segment));
  return new RegExp(`^${source.join("/")}$`).test(topic);
}
