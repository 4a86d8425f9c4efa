/**
 * Remote calls: the caller's table of what is not answered yet, and the callee's of what still runs. A call is sent
 * once; when its answer cannot come any more it rejects with a code that says whether it may have run.
 */
import { checkOptions, checkRange, checkSignal, show } from "../base/check-options.ts";
import type { Clock, Random } from "../base/clock.ts";
import { isMeshErrorCode, MeshError } from "../base/errors.ts";
import { type Handle, handle } from "../base/handle.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import { utf8 } from "../base/platform.ts";
import type { Unicast } from "../delivery/index.ts";
import type { Edge } from "../edge/index.ts";
import type { ServiceInstance } from "../mesh/index.ts";
import { type Address, Lane, Port, readU32 } from "../wire/index.ts";
import { Exposed, type ExposeOptions } from "./exposed.ts";
import { decodeRmi, encodeRmi, type RmiMessage } from "./protocol.ts";
import { type CallOptions, type Invoke, type Remote, remoteRoot } from "./remote.ts";

export interface RemoteOptions extends CallOptions {
  /** The id or name of the node to call; by default the nearest that exposes the object. */
  readonly node?: string;
}

export interface CallsHost {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly random: Random;
  readonly unicast: Unicast;
  /** Instances of exposed objects now known, nearest first. */
  instances(service: string): readonly ServiceInstance[];
  /** Resolves when the directory can be believed, so that "nobody" means nobody. */
  joined(): Promise<void>;
  /** Every exposed object now known. */
  services(): Iterable<ServiceInstance>;
  /** The incarnation a peer tells of now. */
  incarnation(peer: NodeId): number | undefined;
  onError(error: unknown): void;
  onServicesChanged(): void;
}

/** A call times out after this, in ms, unless told otherwise. */
const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 3_600_000;
/** Calls a node may have in hand for one other, so that a flood is refused instead of growing. */
const MAX_RUNNING = 1_000;
/** A call that takes longer is asked after this often, in ms: its answer may have been lost with an edge far away. */
const PROBE_MS = 3_000;

interface Pending {
  readonly target: Address;
  /** The edge it left by; undefined for a call to this very node. */
  readonly edge: Edge | undefined;
  /** Since when its answer is waited for. */
  readonly sentAtMs: number;
  /** What the mesh said last of the callee being there; see `#lives`. */
  life: number | undefined;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class Calls {
  readonly #host: CallsHost;
  readonly #exposed = new Map<string, Exposed>();
  readonly #pending = new Map<number, Pending>();
  /** Calls of others that run here, by caller; one that was given up is gone from here, and its answer is not sent. */
  readonly #running = new Map<NodeId, Set<number>>();
  #joining: Promise<void> | undefined;
  /** Begins anywhere: an answer to a former life of this node must not be taken for one to this. */
  #lastId: number;
  #prober: Disposable | undefined;

  constructor(host: CallsHost) {
    this.#host = host;
    this.#lastId = readU32(host.random.bytes(4), 0);
    host.unicast.listen(Port.rmi, {
      onMessage: (source, payload) => this.#onMessage(source, payload),
      onBounce: (target, payload) => this.#onBounce(target, payload),
    });
  }

  get services(): readonly string[] {
    return [...this.#exposed.keys()];
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  get runningCount(): number {
    let count = 0;
    for (const calls of this.#running.values()) count += calls.size;
    return count;
  }

  expose(name: string, target: object, options: ExposeOptions = {}): Handle {
    checkServiceName(name);
    if (typeof target !== "object" || target === null)
      throw new TypeError(`the target exposed as "${name}" must be an object, got ${show(target)}`);
    checkOptions("expose", options, ["methods"]);
    if (this.#exposed.has(name))
      throw new TypeError(`"${name}" is exposed by this node already; dispose the first handle or choose another name`);
    const exposed = new Exposed(target, options);
    this.#exposed.set(name, exposed);
    this.#host.onServicesChanged();
    return handle(() => {
      if (this.#exposed.get(name) !== exposed) return;
      this.#exposed.delete(name);
      this.#host.onServicesChanged();
    });
  }

  remote<T extends object>(name: string, options: RemoteOptions = {}): Remote<T> {
    checkServiceName(name);
    checkOptions("remote", options, ["node", "timeoutMs", "signal"]);
    const { node, ...callOptions } = options;
    if (node !== undefined && (typeof node !== "string" || node === ""))
      throw new TypeError(`node must be the id or name of a node, got ${show(node)}`);
    const invoke: Invoke = (path, args, { timeoutMs, signal }) =>
      this.#call(name, node, path, args, { timeoutMs, signal });
    const check = (checked: CallOptions): CallOptions => {
      checkOptions("$with", checked, ["timeoutMs", "signal"]);
      checkSignal(checked.signal);
      if (checked.timeoutMs !== undefined) checkRange("timeoutMs", checked.timeoutMs, 1, MAX_TIMEOUT_MS);
      return checked;
    };
    return remoteRoot<T>(invoke, check(callOptions), check);
  }

  /** The edge is gone: what left by it may have run, and its answer may be lost. */
  onEdgeClosed(edge: Edge): void {
    if (edge.role === "leaf") this.#running.delete(edge.id);
    for (const [id, call] of this.#pending) {
      if (call.edge !== edge) continue;
      this.#settle(id)?.reject(
        new MeshError("edge-lost", `the edge to ${edge.peer.name} ended before the answer came; the call may have run`),
      );
    }
  }

  /** The node is gone. */
  onNodeLost(node: NodeId): void {
    this.#running.delete(node);
    for (const [id, call] of this.#pending) {
      if (call.target.node !== node && call.target.home !== node) continue;
      this.#lose(id, call.target.node, "may have run");
    }
  }

  /**
   * The directory or a route changed. A callee that was there and is not, or in another life, may have taken calls with
   * it, or only have stopped exposing something: it is asked.
   */
  onMeshChange(): void {
    if (this.#pending.size === 0) return;
    const lifeOf = this.#lives();
    for (const [id, call] of this.#pending) {
      const life = lifeOf(call.target);
      if (life === call.life) continue;
      call.life = life;
      this.#probe(id, call);
    }
  }

  close(): void {
    this.#prober?.[Symbol.dispose]();
    this.#prober = undefined;
    for (const id of [...this.#pending.keys()])
      this.#settle(id)?.reject(
        new MeshError("closed", "this node was closed before the answer came; the call may have run"),
      );
    this.#exposed.clear();
    this.#running.clear();
  }

  // ---- caller

  async #call(
    service: string,
    node: string | undefined,
    path: readonly string[],
    args: readonly unknown[] | null,
    options: { timeoutMs: number | undefined; signal: CallOptions["signal"] },
  ): Promise<unknown> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    if (signal?.aborted) throw signal.reason;
    const id = ++this.#lastId;
    // Encoded before anything is awaited: the caller may change its arguments afterwards.
    const payload = encodeRmi({ kind: "call", id, service, path, args });
    const startedAtMs = this.#host.clock.now();
    let instance = this.#find(service, node);
    if (!instance) {
      await this.#within(this.#joined(), timeoutMs, signal);
      if (signal?.aborted) throw signal.reason;
      instance = this.#find(service, node);
    }
    if (!instance) {
      throw new MeshError(
        "no-responder",
        node === undefined
          ? `nobody in the mesh exposes "${service}"`
          : `node ${node} does not expose "${service}", or is not known`,
      );
    }
    const target = { node: instance.owner, home: instance.home };
    return new Promise((resolve, reject) => {
      const leftMs = Math.max(0, timeoutMs - (this.#host.clock.now() - startedAtMs));
      const timer = this.#host.clock.setTimer(leftMs, () => {
        this.#cancel(
          id,
          new MeshError(
            "timed-out",
            `"${service}.${path.join(".")}" did not answer within ${timeoutMs} ms; it may still run`,
          ),
        );
      });
      const onAbort = (): void => this.#cancel(id, signal?.reason);
      const release = (): void => {
        timer[Symbol.dispose]();
        signal?.removeEventListener("abort", onAbort);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      const pending = {
        target,
        edge: undefined as Edge | undefined,
        sentAtMs: this.#host.clock.now(),
        life: this.#host.incarnation(target.home),
        resolve: (value: unknown) => {
          release();
          resolve(value);
        },
        reject: (error: unknown) => {
          release();
          reject(error);
        },
      };
      this.#pending.set(id, pending);
      this.#probeLater();
      try {
        pending.edge = this.#host.unicast.send(target, Port.rmi, Lane.reliable, payload);
      } catch (error) {
        this.#settle(id)?.reject(error);
      }
    });
  }

  /** One wait for all calls made before the node has joined. */
  #joined(): Promise<void> {
    this.#joining ??= this.#host.joined().finally(() => {
      this.#joining = undefined;
    });
    return this.#joining;
  }

  #find(service: string, node: string | undefined): ServiceInstance | undefined {
    const instances = this.#host.instances(service);
    if (node === undefined) return instances[0];
    return (
      instances.find((instance) => instance.owner === node) ?? instances.find((instance) => instance.ownerName === node)
    );
  }

  /** @throws {MeshError} `timed-out`, or the signal's reason. */
  #within(wait: Promise<void>, timeoutMs: number, signal: CallOptions["signal"]): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#host.clock.setTimer(timeoutMs, () =>
        finish(() =>
          reject(new MeshError("timed-out", `no edge to the mesh within ${timeoutMs} ms; the call did not run`)),
        ),
      );
      const onAbort = (): void => finish(() => reject(signal?.reason));
      const finish = (settle: () => void): void => {
        timer[Symbol.dispose]();
        signal?.removeEventListener("abort", onAbort);
        settle();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      wait.then(
        () => finish(resolve),
        (error: unknown) => finish(() => reject(error)),
      );
    });
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #cancel(id: number, reason: unknown): void {
    const pending = this.#settle(id);
    if (!pending) return;
    this.#send(pending.target, { kind: "cancel", id });
    pending.reject(reason);
  }

  #onBounce(target: Address, payload: Uint8Array): void {
    const message = this.#decode(payload);
    if (message?.kind !== "call" && message?.kind !== "probe") return;
    if (this.#pending.get(message.id)?.target.node !== target.node) return;
    this.#lose(message.id, target.node, message.kind === "call" ? "did not run" : "may have run");
  }

  #lose(id: number, callee: NodeId, ran: "did not run" | "may have run"): void {
    this.#settle(id)?.reject(new MeshError("peer-lost", `node ${callee} could not be reached; the call ${ran}`));
  }

  /** Tells of a callee whether it is there, as far as the directory knows, and in which life of its home. */
  #lives(): (target: Address) => number | undefined {
    let listed: Set<string> | undefined;
    return ({ node, home }) => {
      if (node !== home) {
        // Only leaves have to be looked for, and only by who calls one.
        listed ??= new Set(Array.from(this.#host.services(), (service) => service.owner + service.home));
        if (!listed.has(node + home)) return undefined;
      }
      return this.#host.incarnation(home);
    };
  }

  #probe(id: number, call: Pending): void {
    if (call.target.node === this.#host.self) return;
    try {
      this.#host.unicast.send(call.target, Port.rmi, Lane.reliable, encodeRmi({ kind: "probe", id }));
    } catch (error) {
      // A way that is full says nothing of the callee: it is asked again.
      if (error instanceof MeshError && error.code === "unreachable") this.#lose(id, call.target.node, "may have run");
    }
  }

  #probeLater(): void {
    this.#prober ??= this.#host.clock.setTimer(PROBE_MS, () => {
      this.#prober = undefined;
      const sentBeforeMs = this.#host.clock.now() - PROBE_MS;
      for (const [id, call] of this.#pending) if (call.sentAtMs <= sentBeforeMs) this.#probe(id, call);
      if (this.#pending.size > 0) this.#probeLater();
    });
  }

  // ---- both

  #decode(payload: Uint8Array): RmiMessage | undefined {
    try {
      return decodeRmi(payload);
    } catch (error) {
      this.#host.onError(error);
      return undefined;
    }
  }

  #onMessage(source: Address, payload: Uint8Array): void {
    const message = this.#decode(payload);
    if (!message) return;
    if (message.kind === "call") {
      void this.#run(source, message);
      return;
    }
    if (message.kind === "cancel") {
      this.#release(source.node, message.id);
      return;
    }
    if (message.kind === "probe") {
      if (this.#running.get(source.node)?.has(message.id)) return;
      const detail = `node ${this.#host.self} does not run the call, and its answer did not come; the call may have run`;
      return this.#send(source, { kind: "refusal", id: message.id, code: "peer-lost", detail });
    }
    // Only the node that was asked may answer.
    if (this.#pending.get(message.id)?.target.node !== source.node) return;
    const pending = this.#settle(message.id)!;
    if (message.kind === "result") pending.resolve(message.value);
    else if (message.kind === "failure") {
      const { name, code, message: text, data } = message;
      pending.reject(
        new MeshError("remote-error", `${name}: ${text}`, {
          remote: { name, code: code ?? undefined, message: text, data },
        }),
      );
    } else {
      pending.reject(new MeshError(isMeshErrorCode(message.code) ? message.code : "no-responder", message.detail));
    }
  }

  // ---- callee

  async #run(source: Address, call: RmiMessage & { kind: "call" }): Promise<void> {
    let running = this.#running.get(source.node);
    if ((running?.size ?? 0) >= MAX_RUNNING) {
      const detail = `${MAX_RUNNING} calls of this node run there already`;
      return this.#send(source, { kind: "refusal", id: call.id, code: "overflow", detail });
    }
    if (!running) {
      running = new Set();
      this.#running.set(source.node, running);
    }
    running.add(call.id);
    let answer: RmiMessage;
    try {
      answer = { kind: "result", id: call.id, value: await this.#invoke(call) };
    } catch (error) {
      answer = failure(call.id, error);
    }
    // A call given up meanwhile is not answered.
    if (this.#release(source.node, call.id)) this.#send(source, answer);
  }

  #release(caller: NodeId, id: number): boolean {
    const running = this.#running.get(caller);
    if (!running?.delete(id)) return false;
    if (running.size === 0) this.#running.delete(caller);
    return true;
  }

  #invoke(call: RmiMessage & { kind: "call" }): unknown {
    const exposed = this.#exposed.get(call.service);
    if (!exposed) throw new Refusal("no-responder", `"${call.service}" is not exposed by this node`);
    const member = exposed.find(call.path);
    const name = `"${[call.service, ...call.path].join(".").slice(0, 200)}"`;
    if (!member) throw new Refusal("no-responder", `${name} is not exposed`);
    if (call.args === null) {
      if (typeof member.value === "function") throw new Refusal("no-responder", `${name} is a method; call it`);
      return member.value;
    }
    if (typeof member.value !== "function")
      throw new Refusal("no-responder", `${name} is not a method; await it to read it`);
    return Reflect.apply(member.value, member.owner, call.args);
  }

  #send(target: Address, message: RmiMessage): void {
    let payload: Uint8Array;
    try {
      payload = encodeRmi(message);
    } catch (error) {
      // What the callee gave cannot cross: the caller hears that much.
      if (message.kind === "result") return this.#send(target, failure(message.id, error));
      if (message.kind === "failure" && message.data !== null) return this.#send(target, { ...message, data: null });
      return this.#host.onError(error);
    }
    try {
      this.#host.unicast.send(target, Port.rmi, Lane.reliable, payload);
    } catch (error) {
      if (isAnswer(message) && error instanceof MeshError && error.code === "too-large") {
        return this.#send(target, {
          kind: "refusal",
          id: message.id,
          code: "too-large",
          detail: `it ran, but its ${message.kind} is too large: ${payload.byteLength} bytes, ${LIMITS.messageBytes} allowed`,
        });
      }
      this.#host.onError(error); // the caller is gone, or its way is full; it will time out
    }
  }
}

/** The call did not run. */
class Refusal extends MeshError {}

const isAnswer = ({ kind }: RmiMessage): boolean => kind === "result" || kind === "failure";

/** What a caller learns of `error`, which may be anything at all that was thrown. */
function failure(id: number, error: unknown): RmiMessage {
  if (error instanceof Refusal)
    return { kind: "refusal", id, code: error.code, detail: error.message.replace(/^\[[a-z-]+\] /, "") };
  const said: Record<string, unknown> = {};
  try {
    if (error instanceof Error)
      for (const field of ["name", "code", "message", "data"] as const)
        said[field] = (error as Partial<Record<typeof field, unknown>>)[field];
  } catch {
    // A getter of the error's own threw: what was read before it stands.
  }
  const { name, code, data } = said;
  const message = said.message ?? error;
  return {
    kind: "failure",
    id,
    name: typeof name === "string" ? name : "Error",
    code: typeof code === "string" ? code : null,
    message: typeof message === "string" ? message : show(message),
    data: data ?? null,
  };
}

function checkServiceName(name: unknown): asserts name is string {
  if (typeof name !== "string" || name === "")
    throw new TypeError(`the name of an exposed object must be a string that is not empty, got ${show(name)}`);
  if (utf8.encode(name).byteLength > LIMITS.nameBytes)
    throw new TypeError(`the name of an exposed object must be at most ${LIMITS.nameBytes} bytes of UTF-8`);
}
