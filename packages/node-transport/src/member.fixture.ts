/** A node alone in its process, told what to do by `Member` (`members.fixture.ts`): publishes numbers and keeps account of those it hears. */
import { createNode } from "./create-node.ts";

export interface MemberOptions {
  readonly name: string;
  readonly listen: string;
  readonly join: readonly string[];
}

/** What was heard of one origin. */
export interface Account {
  first: number;
  /** Numbers in a row, from `first` on. */
  count: number;
  /** Anything but the next number: lost, doubled or out of order. */
  wrong: number;
  gaps: number;
}

export type Task =
  | { readonly do: "publish"; readonly count: number }
  | { readonly do: "listen" }
  /** Answered when so many others subscribe and are reached. */
  | { readonly do: "wait for subscribers"; readonly count: number }
  /** Answered when `count` numbers of `origin` have come. */
  | { readonly do: "hear"; readonly origin: string; readonly count: number }
  /** Answered when it has no edge. */
  | { readonly do: "be alone" }
  | { readonly do: "accounts" }
  /** Bytes sent to the neighbour named so far. */
  | { readonly do: "bytes to"; readonly name: string };

const TOPIC = "count";
const options: MemberOptions = JSON.parse(process.argv[2]!);
const node = await createNode({ name: options.name, listen: [options.listen], join: options.join });
const accounts = new Map<string, Account>();
let onHeard = (): void => {};
let next = 0;

function hear(origin: string, number: number): void {
  const account = accounts.get(origin);
  if (!account) accounts.set(origin, { first: number, count: 1, wrong: 0, gaps: 0 });
  else if (number === account.first + account.count) account.count++;
  else account.wrong++;
  onHeard();
}

async function perform(task: Task): Promise<unknown> {
  switch (task.do) {
    case "publish":
      for (let i = 0; i < task.count; i++) await node.publish(TOPIC, next++);
      return next;
    case "listen": {
      const subscription = node.subscribe<number>(TOPIC, { echo: false }, ({ origin, data }) => hear(origin, data));
      subscription.on("gap", ({ origin }) => {
        const account = accounts.get(origin);
        if (account) account.gaps++;
      });
      return subscription.ready;
    }
    case "wait for subscribers":
      return node.waitForSubscribers(TOPIC, { count: task.count });
    case "hear":
      return new Promise<void>((resolve) => {
        onHeard = () => {
          if ((accounts.get(task.origin)?.count ?? 0) >= task.count) resolve();
        };
        onHeard();
      });
    case "be alone":
      return new Promise<void>((resolve) => {
        const look = (): void => {
          if (node.edges.length === 0) resolve();
        };
        node.on("edgeclose", look);
        look();
      });
    case "accounts":
      return Object.fromEntries(accounts);
    case "bytes to":
      return node.status().edges.find(({ peer }) => peer.name === task.name)?.bytesOut ?? 0;
  }
}

process.on("message", (task: Task) => {
  void perform(task).then((result) => process.send!(result ?? null));
});
process.on("disconnect", () => process.exit());
process.send!({ id: node.id, address: node.addresses[0] });
