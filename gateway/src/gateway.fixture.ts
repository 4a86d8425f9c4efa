/** What tests of gateways need: nodes of one mesh that are closed after the test, and what they see. */
import type { MeshNode, NodeOptions, Subscription } from "@chaski/core";
import { createNode as createCoreNode } from "@chaski/core";
import { createNode, nodeRuntime, webSocketTransport } from "@chaski/node-transport";
import { onTestFinished } from "vitest";
import { createGateway, type Gateway } from "./create-gateway.ts";
import type { GatewayOptions } from "./gateway-options.ts";

export interface Logged {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A gateway on a free port of loopback, with what it logs. */
export async function testGateway(options: GatewayOptions = {}): Promise<Gateway & { readonly logged: Logged[] }> {
  const logged: Logged[] = [];
  const gateway = await createGateway({
    ...(options.server ? {} : { http: { port: 0 } }),
    logger: { log: (level, event, fields) => logged.push({ level, event, fields }) },
    ...options,
  });
  onTestFinished(() => gateway.close({ timeoutMs: 0 }));
  return Object.assign(gateway, { logged });
}

/** A peer that listens on TCP. */
export async function testPeer(options: NodeOptions = {}): Promise<MeshNode> {
  const node = await createNode({ listen: ["tcp://127.0.0.1:0"], ...options });
  onTestFinished(() => node.close({ timeoutMs: 0 }));
  return node;
}

/** A leaf in this process, over the WebSocket of `ws`. */
export async function testLeaf(...join: string[]): Promise<MeshNode> {
  const node = await createCoreNode({ join }, nodeRuntime({ role: "leaf", transports: [webSocketTransport()] }));
  onTestFinished(() => node.close({ timeoutMs: 0 }));
  return node;
}

/** Everything a subscription gets, to be waited for. */
export class Received<T> {
  readonly data: T[] = [];
  readonly gaps: unknown[] = [];
  readonly ready: Promise<void>;
  readonly #subscription: Subscription<T>;
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined;

  constructor(node: MeshNode, pattern: string) {
    this.#subscription = node.subscribe<T>(pattern, { echo: false }, ({ data }) => {
      this.data.push(data);
      if (this.#waiting && this.data.length >= this.#waiting.count) this.#waiting.resolve();
    });
    this.#subscription.on("gap", (gap) => this.gaps.push(gap));
    this.ready = this.#subscription.ready;
  }

  /** Resolves when `count` messages have come in all. */
  until(count: number): Promise<void> {
    if (this.data.length >= count) return Promise.resolve();
    return new Promise((resolve) => (this.#waiting = { count, resolve }));
  }
}

/** Resolves with the first event of `node` that `accepts` it. */
export function nextEvent<Name extends Parameters<MeshNode["on"]>[0]>(
  node: MeshNode,
  name: Name,
  accepts: (event: Parameters<Parameters<typeof node.on<Name>>[1]>[0]) => boolean = () => true,
): Promise<Parameters<Parameters<typeof node.on<Name>>[1]>[0]> {
  return new Promise((resolve) => {
    const off = node.on(name, (event) => {
      if (!accepts(event)) return;
      off[Symbol.dispose]();
      resolve(event);
    });
  });
}

/** 0, 1, 2, … below `count`. */
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
