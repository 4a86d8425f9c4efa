/** Remote calls of a node: what it exposes, the remotes it makes, and who reads what comes in through their pipes. */
import { checkOptions, checkRange, checkSignal, show } from "../base/check-options.ts";
import { type Handle, handle } from "../base/handle.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import { utf8 } from "../base/platform.ts";
import { Exposed, type ExposeOptions } from "./exposed.ts";
import { Incoming, type IncomingHost } from "./incoming.ts";
import { MESSAGES, Outgoing, type OutgoingHost } from "./outgoing.ts";
import { decodeRmi, type RmiMessage } from "./protocol.ts";
import { type CallOptions, type Invoke, type Remote, remoteRoot } from "./remote.ts";

export interface RemoteOptions extends CallOptions {
  /** The id or name of the node to call; by default the nearest that exposes the object. */
  readonly node?: string;
}

export interface CallsHost extends IncomingHost, OutgoingHost {
  readonly pipes: OutgoingHost["pipes"];
  onServicesChanged(): void;
}

const MAX_TIMEOUT_MS = 3_600_000;

export class Calls {
  readonly #host: CallsHost;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;

  constructor(host: CallsHost) {
    this.#host = host;
    this.#outgoing = new Outgoing(host);
    this.#incoming = new Incoming(host);
  }

  get services(): readonly string[] {
    return [...this.#incoming.exposed.keys()];
  }

  get pendingCount(): number {
    return this.#outgoing.size;
  }

  get runningCount(): number {
    return this.#incoming.size;
  }

  expose(name: string, target: object, options: ExposeOptions = {}): Handle {
    const { exposed } = this.#incoming;
    checkServiceName(name);
    if (typeof target !== "object" || target === null)
      throw new TypeError(`the target exposed as "${name}" must be an object, got ${show(target)}`);
    checkOptions("expose", options, ["methods"]);
    if (exposed.has(name))
      throw new TypeError(`"${name}" is exposed by this node already; dispose the first handle or choose another name`);
    const entry = new Exposed(target, options);
    exposed.set(name, entry);
    this.#host.onServicesChanged();
    return handle(() => {
      if (exposed.get(name) !== entry) return;
      exposed.delete(name);
      this.#host.onServicesChanged();
    });
  }

  remote<T extends object>(name: string, options: RemoteOptions = {}): Remote<T> {
    checkServiceName(name);
    checkOptions("remote", options, ["node", "timeoutMs", "signal"]);
    const { node, ...callOptions } = options;
    if (node !== undefined && (typeof node !== "string" || node === ""))
      throw new TypeError(`node must be the id or name of a node, got ${show(node)}`);
    const invoke: Invoke = (path, args, given) => this.#outgoing.call(name, node, path, args, given);
    const check = (checked: CallOptions): CallOptions => {
      checkOptions("$with", checked, ["timeoutMs", "signal"]);
      checkSignal(checked.signal);
      if (checked.timeoutMs !== undefined) checkRange("timeoutMs", checked.timeoutMs, 1, MAX_TIMEOUT_MS);
      return checked;
    };
    return remoteRoot<T>(invoke, check(callOptions), check);
  }

  /** Resolves when `node` holds the message. @param args What its `onSent` gets. */
  async send(
    node: NodeId,
    topic: string,
    args: readonly unknown[],
    { timeoutMs = Number.POSITIVE_INFINITY, signal }: CallOptions,
  ): Promise<void> {
    checkSignal(signal);
    if (timeoutMs !== Number.POSITIVE_INFINITY) checkRange("timeoutMs", timeoutMs, 1, MAX_TIMEOUT_MS);
    await this.#outgoing.call(MESSAGES, node, [topic], args, { timeoutMs, ...(signal && { signal }) });
  }

  /** Nodes whose answer is waited for, or that wait for one. */
  awaited(): ReadonlySet<NodeId> {
    return new Set([...this.#outgoing.awaited, ...this.#incoming.callers]);
  }

  onNodeLost(node: NodeId, why: string): void {
    this.#incoming.onNodeLost(node);
    this.#outgoing.onNodeLost(node, why);
  }

  /** Take no new calls, neither of this node nor of others. Those there are go on. */
  stop(): void {
    this.#outgoing.stop();
    if (this.#incoming.exposed.size === 0) return;
    this.#incoming.exposed.clear();
    this.#host.onServicesChanged();
  }

  close(): void {
    this.#outgoing.close();
    this.#incoming.close();
  }

  onMessage(from: NodeId, payload: Uint8Array): void {
    let message: RmiMessage;
    try {
      message = decodeRmi(payload);
    } catch (error) {
      return this.#host.onError(error);
    }
    if (message.kind === "call") this.#incoming.onCall(from, message);
    else if (message.kind === "cancel") this.#incoming.onCancel(from, message.id);
    else this.#outgoing.onAnswer(from, message);
  }
}

function checkServiceName(name: unknown): asserts name is string {
  if (typeof name !== "string" || name === "")
    throw new TypeError(`the name of an exposed object must be a string that is not empty, got ${show(name)}`);
  if (utf8.encode(name).byteLength > LIMITS.nameBytes)
    throw new TypeError(`the name of an exposed object must be at most ${LIMITS.nameBytes} bytes of UTF-8`);
}
