/** A node to be attacked in a test's own process, and a neighbour of it that must notice nothing. */
import type { Gap, MeshError, Message } from "@chaski/core";
import { onTestFinished } from "vitest";
import { createNode } from "./create-node.ts";
import { parseTcpAddress } from "./tcp-address.ts";

/** A gateway that publishes numbers on `steady`, with what it logged and reported. */
export async function attackedNode() {
  const logged: {
    readonly level: string;
    readonly event: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[] = [];
  const logger = {
    log: (level: string, event: string, fields: Readonly<Record<string, unknown>>) =>
      void logged.push({ level, event, fields }),
  };
  const node = await createNode({ name: "target", role: "gateway", listen: ["tcp://127.0.0.1:0"], logger });
  onTestFinished(() => node.close({ timeoutMs: 0 }));
  const errors: MeshError[] = [];
  node.on("error", (error) => errors.push(error as MeshError));
  let published = 0;
  const timer = setInterval(() => void node.publish("steady", published++), 2);
  onTestFinished(() => clearInterval(timer));
  const address = node.addresses[0]!;
  return {
    node,
    errors,
    address,
    port: parseTcpAddress(address).port,
    id: node.id,
    warnings: () => logged.filter(({ level }) => level === "warn").map(({ fields }) => fields),
    /** Publish no more. @returns How many there were. */
    stop: () => {
      clearInterval(timer);
      return published;
    },
  };
}

/** A neighbour that reads `steady` all the while. */
export async function steadyReader(address: string) {
  const node = await createNode({ name: "reader", join: [address] });
  onTestFinished(() => node.close({ timeoutMs: 0 }));
  const numbers: number[] = [];
  const gaps: Gap[] = [];
  const waiting = new Set<() => void>();
  const subscription = node.subscribe<number>("steady", {}, ({ data }: Message<number>) => {
    numbers.push(data);
    for (const wake of waiting) wake();
  });
  subscription.on("gap", (gap) => gaps.push(gap));
  await subscription.ready;
  return {
    node,
    gaps,
    numbers,
    /** Resolves when number `last` has come. */
    until: (last: number) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if ((numbers.at(-1) ?? -1) < last) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

export const countingFrom = (first: number, to: number): number[] =>
  Array.from({ length: to - first }, (_, i) => first + i);
