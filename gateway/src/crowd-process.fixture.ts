/**
 * Many nodes in one process, told what to do by `Crowd` (`crowd.fixture.ts`). They publish numbers, each node its own row
 * for each topic, and look at every number that comes: the next of its row, or wrong.
 */
import { createNode, type Logger, type MeshNode, type Role, type Transport } from "@chaski/core";
import { nodeRuntime, tcpTransport, webSocketTransport } from "@chaski/node-transport";

export interface CrowdOptions {
  readonly role: Role;
  readonly members: readonly {
    readonly name: string;
    readonly join: readonly string[];
    /** The topic it reads, if any. */
    readonly reads?: string;
    readonly publishes?: boolean;
  }[];
}

/** How many numbers were published, by origin and topic. */
export type Published = Readonly<Record<string, Readonly<Record<string, number>>>>;

export type Task =
  /** Answered when all read. */
  | { readonly do: "listen" }
  /** Answered when whoever publishes reaches so many readers of each topic, itself included. */
  | { readonly do: "wait for subscribers"; readonly topics: readonly string[]; readonly count: number }
  /** Those that publish do so many numbers a second in all, the topics in turn, until `stop`. Answered at once. */
  | { readonly do: "publish"; readonly topics: readonly string[]; readonly perSecond: number }
  /** Answered when so many more have been published. */
  | { readonly do: "wait for published"; readonly more: number }
  | { readonly do: "stop" }
  /** Answered when each has read a number through an edge that opened after one was lost, with the ms between, for each time. */
  | { readonly do: "wait for recovery"; readonly members: number; readonly sinceMs: number }
  /** Answered when everything published has come, or something went wrong: with what did. */
  | { readonly do: "hear"; readonly published: Published }
  /** What has not come. */
  | { readonly do: "list missing"; readonly published: Published }
  /** When dials began, in ms of the machine's clock. */
  | { readonly do: "list dials" }
  /** Answered when so many have lost an edge. */
  | { readonly do: "wait for losses"; readonly members: number }
  /** How many have an edge to this address. */
  | { readonly do: "count at"; readonly address: string }
  /** How often an edge was lost or closed. */
  | { readonly do: "count losses" }
  /** How often somebody was left without any edge. */
  | { readonly do: "count stranded" };

/** The same in all processes of this machine. */
const nowMs = (): number => performance.timeOrigin + performance.now();
/** Between two turns of publishing, in ms. */
const TURN_MS = 5;

/** That a gateway is gone is no news here. */
const logger: Logger = { log: () => {} };
const dials: number[] = [];
/** First number read through an edge that came after one that was lost, in ms of the machine's clock. */
const recoveredMs: number[] = [];
const faults: string[] = [];
/** Numbers that were the next of their row. */
let heard = 0;
/** Members that have lost an edge. */
let losers = 0;
let published = 0;
const watchers = new Set<() => void>();
const changed = (): void => {
  for (const watcher of watchers) watcher();
};

/** `look` again after every change, until it has an answer. Looks at every message, so it must be quick. */
function until<T>(look: () => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    const watcher = (): void => {
      const answer = look();
      if (answer === undefined) return;
      watchers.delete(watcher);
      resolve(answer);
    };
    watchers.add(watcher);
    watcher();
  });
}

const counted = (transport: Transport): Transport => ({
  schemes: transport.schemes,
  checkAddress: (address) => transport.checkAddress(address),
  dial: (address, onLink, options) => {
    dials.push(nowMs());
    return transport.dial(address, onLink, options);
  },
});

class Participant {
  readonly node: MeshNode;
  readonly reads: string | undefined;
  readonly publishes: boolean;
  readonly published: Record<string, number> = {};
  losses = 0;
  stranded = 0;
  #isBack = false;
  /** Numbers in a row, by origin. */
  readonly #heard = new Map<string, number>();

  constructor(node: MeshNode, reads: string | undefined, publishes: boolean) {
    this.node = node;
    this.reads = reads;
    this.publishes = publishes;
    node.on("edgeclose", () => {
      if (++this.losses === 1) losers++;
      if (node.edges.length === 0) this.stranded++;
      changed();
    });
    node.on("edgeopen", () => (this.#isBack = this.losses > 0));
  }

  async listen(): Promise<void> {
    if (this.reads === undefined) return;
    const subscription = this.node.subscribe<number>(this.reads, { echo: false }, ({ origin, data }) => {
      if (this.#isBack) {
        this.#isBack = false;
        recoveredMs.push(nowMs());
      }
      const next = this.#heard.get(origin) ?? 0;
      if (data === next) {
        this.#heard.set(origin, next + 1);
        heard++;
      } else this.#wrong(`${data} of ${origin} instead of ${next}`);
      if (watchers.size > 0) changed();
    });
    subscription.on("gap", (gap) => this.#wrong(`gap ${JSON.stringify(gap)}`));
    subscription.on("drop", (drop) => this.#wrong(`drop ${JSON.stringify(drop)}`));
    await subscription.ready;
  }

  publish(topic: string): void {
    const number = this.published[topic] ?? 0;
    this.published[topic] = number + 1;
    this.node.publish(topic, number).catch((error: unknown) => this.#wrong(`not published: ${error}`));
  }

  /** Of what was published, how much is for it. */
  due(all: Published): number {
    const { reads, node } = this;
    if (reads === undefined) return 0;
    return Object.entries(all).reduce((sum, [id, topics]) => sum + (id === node.id ? 0 : (topics[reads] ?? 0)), 0);
  }

  missing(published: Published): string[] {
    const missing: string[] = [];
    if (this.reads === undefined) return missing;
    for (const [origin, topics] of Object.entries(published)) {
      const [count, heard] = [topics[this.reads] ?? 0, this.#heard.get(origin) ?? 0];
      if (origin !== this.node.id && heard < count)
        missing.push(`${this.node.name} has ${heard} of the ${count} of ${origin} on ${this.reads}`);
    }
    return missing;
  }

  #wrong(what: string): void {
    // Of a row that went wrong once, the rest is wrong as well.
    if (faults.length < 50) faults.push(`${this.node.name} on ${this.reads}: ${what}`);
    changed();
  }
}

const options: CrowdOptions = JSON.parse(process.argv[2]!);
const transports = options.role === "leaf" ? [webSocketTransport()] : [tcpTransport()];
const participants = await Promise.all(
  options.members.map(async ({ name, join, reads, publishes = false }) => {
    const runtime = nodeRuntime({ role: options.role, transports: transports.map(counted) });
    return new Participant(await createNode({ name, join, logger }, runtime), reads, publishes);
  }),
);
const publishers = participants.filter(({ publishes }) => publishes);
let publishing: NodeJS.Timeout | undefined;

function publish(topics: readonly string[], perSecond: number): void {
  const startMs = nowMs();
  const before = published;
  publishing = setInterval(() => {
    const due = before + Math.floor(((nowMs() - startMs) * perSecond) / 1_000);
    for (; published < due; published++) {
      const turn = Math.floor(published / publishers.length);
      publishers[published % publishers.length]!.publish(topics[turn % topics.length]!);
    }
    changed();
  }, TURN_MS);
}

async function perform(task: Task): Promise<unknown> {
  switch (task.do) {
    case "listen":
      return void (await Promise.all(participants.map((one) => one.listen())));
    case "wait for subscribers":
      // It does not count itself.
      for (const { node, reads } of publishers)
        for (const topic of task.topics)
          await node.waitForSubscribers(topic, { count: task.count - (reads === topic ? 1 : 0) });
      return;
    case "publish":
      return publish(task.topics, task.perSecond);
    case "wait for published": {
      const enough = published + task.more;
      return until(() => published >= enough || undefined);
    }
    case "stop":
      clearInterval(publishing);
      return Object.fromEntries(publishers.map((one) => [one.node.id, one.published]));
    case "wait for recovery":
      return until(() => {
        if (recoveredMs.length < task.members) return undefined;
        const times = recoveredMs.filter((ms) => ms >= task.sinceMs);
        return times.length >= task.members ? times.map((ms) => ms - task.sinceMs) : undefined;
      });
    case "hear": {
      const due = participants.reduce((sum, one) => sum + one.due(task.published), 0);
      return until(() => (faults.length > 0 || heard >= due ? faults : undefined));
    }
    case "list missing":
      return [...faults, ...participants.flatMap((one) => one.missing(task.published))];
    case "list dials":
      return dials;
    case "wait for losses":
      return until(() => losers >= task.members || undefined);
    case "count at":
      return participants.filter(({ node }) => node.edges.some(({ address }) => address === task.address)).length;
    case "count losses":
      return participants.map(({ losses }) => losses);
    case "count stranded":
      return participants.reduce((sum, { stranded }) => sum + stranded, 0);
  }
}

process.on("message", ({ number, task }: { readonly number: number; readonly task: Task }) => {
  void perform(task).then((result) => process.send!({ number, result: result ?? null }));
});
process.on("disconnect", () => process.exit());
process.send!({ number: 0, result: participants.map(({ node }) => node.id) });
