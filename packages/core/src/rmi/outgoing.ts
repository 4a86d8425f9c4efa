/**
 * The caller's side: the calls that are not answered yet. A call is sent once; when its answer cannot come any more it
 * rejects with a code and a word whether it may have run.
 */
import type { Clock, Random } from "../base/clock.ts";
import { isMeshErrorCode, MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { type AbortSignalLike, dispose } from "../base/platform.ts";
import type { Unicast } from "../delivery/index.ts";
import type { Edge } from "../edge/index.ts";
import type { ServiceInstance } from "../mesh/index.ts";
import { type Address, Lane, Port, readU32 } from "../wire/index.ts";
import { encodeRmi, type RmiMessage } from "./protocol.ts";
import type { CallOptions } from "./remote.ts";

export interface OutgoingHost {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly random: Random;
  readonly unicast: Unicast;
  /** Instances of an exposed object now known, nearest first. */
  instances(service: string): readonly ServiceInstance[];
  /** Every exposed object now known. */
  services(): Iterable<ServiceInstance>;
  /** Resolves when the directory can be believed, so that "nobody" means nobody. */
  joined(): Promise<void>;
  /** The incarnation a peer tells of now. */
  incarnation(peer: NodeId): number | undefined;
}

/** A call times out after this, in ms, unless told otherwise. */
const DEFAULT_TIMEOUT_MS = 10_000;
/** A call that takes longer is asked after this often, in ms: its answer may have been lost with an edge far away. */
const PROBE_MS = 3_000;
/** Looking through all calls costs time, so the more there are the later one may time out: by so much for each, in ms. */
const SWEEP_MS_PER_CALL = 0.01;

/** What was asked for. */
interface Request {
  readonly id: number;
  readonly service: string;
  readonly path: readonly string[];
  readonly timeoutMs: number;
  readonly dueMs: number;
  readonly signal: AbortSignalLike | undefined;
}

/** A request that was sent. */
interface Call {
  readonly request: Request;
  readonly target: Address;
  /** The edge it left by; undefined for a call to this very node. */
  edge: Edge | undefined;
  /** What the mesh said last of the callee being there; see `#lives`. */
  life: number | undefined;
  probeAtMs: number;
  readonly onAbort: (() => void) | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class Outgoing {
  readonly #host: OutgoingHost;
  readonly #calls = new Map<number, Call>();
  /** Begins anywhere: an answer to a former life of this node must not be taken for one to this. */
  #lastId: number;
  #joining: Promise<void> | undefined;
  /** One timer for all calls, and when it is due. */
  #timer: Disposable | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(host: OutgoingHost) {
    this.#host = host;
    this.#lastId = readU32(host.random.bytes(4), 0);
  }

  get size(): number {
    return this.#calls.size;
  }

  call(
    service: string,
    node: string | undefined,
    path: readonly string[],
    args: readonly unknown[] | null,
    { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: CallOptions,
  ): Promise<unknown> {
    if (this.#closed) return Promise.reject(new MeshError("closed", "a call after this node was closed"));
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = ++this.#lastId;
    let payload: Uint8Array;
    try {
      // Encoded before anything is awaited: the caller may change its arguments afterwards.
      payload = encodeRmi({ kind: "call", id, service, path, args });
    } catch (error) {
      return Promise.reject(error);
    }
    const dueMs = this.#host.clock.now() + timeoutMs;
    const request: Request = { id, service, path, timeoutMs, dueMs, signal };
    const instance = this.#find(service, node);
    return instance ? this.#send(request, instance, payload) : this.#sendWhenJoined(request, node, payload.slice());
  }

  async #sendWhenJoined(request: Request, node: string | undefined, payload: Uint8Array): Promise<unknown> {
    const { service, timeoutMs, signal } = request;
    await this.#within(this.#joined(), timeoutMs, signal);
    if (signal?.aborted) throw signal.reason;
    if (this.#closed) throw new MeshError("closed", "this node was closed meanwhile; the call did not run");
    const instance = this.#find(service, node);
    if (instance) return this.#send(request, instance, payload);
    throw new MeshError(
      "no-responder",
      node === undefined
        ? `nobody in the mesh exposes "${service}"`
        : `node ${node} does not expose "${service}", or is not known`,
    );
  }

  #send(request: Request, { owner, home }: ServiceInstance, payload: Uint8Array): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { id, dueMs, timeoutMs, signal } = request;
      const call: Call = {
        request,
        target: { node: owner, home },
        edge: undefined,
        life: this.#host.incarnation(home),
        probeAtMs: dueMs - timeoutMs + PROBE_MS,
        onAbort: signal && (() => this.#cancel(call, signal.reason)),
        resolve,
        reject,
      };
      signal?.addEventListener("abort", call.onAbort!, { once: true });
      this.#calls.set(id, call);
      this.#wakeAt(Math.min(dueMs, call.probeAtMs));
      try {
        call.edge = this.#host.unicast.send(call.target, Port.rmi, Lane.reliable, payload);
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
  #within(wait: Promise<void>, timeoutMs: number, signal: AbortSignalLike | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#host.clock.setTimer(timeoutMs, () =>
        finish(() =>
          reject(new MeshError("timed-out", `no edge to the mesh within ${timeoutMs} ms; the call did not run`)),
        ),
      );
      const onAbort = (): void => finish(() => reject(signal?.reason));
      const finish = (settle: () => void): void => {
        timer[dispose]();
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

  // ---- how calls end

  /** @param message An answer to a call of ours, from `source`. */
  onAnswer(source: Address, message: RmiMessage): void {
    const { id } = message;
    // Only the node that was asked may answer.
    if (this.#calls.get(id)?.target.node !== source.node) return;
    const call = this.#settle(id)!;
    if (message.kind === "result") call.resolve(message.value);
    else if (message.kind === "failure") {
      const { name, code, message: text, data } = message;
      const remote = { name, code: code ?? undefined, message: text, data };
      call.reject(new MeshError("remote-error", `${name}: ${text}`, { remote }));
    } else if (message.kind === "refusal")
      call.reject(new MeshError(isMeshErrorCode(message.code) ? message.code : "no-responder", message.detail));
  }

  /** A call or probe of ours found no way to `target`, or was not allowed to pass. */
  onBounce(target: Address, message: RmiMessage, why: "unreachable" | "forbidden"): void {
    if (message.kind !== "call" && message.kind !== "probe") return;
    if (this.#calls.get(message.id)?.target.node !== target.node) return;
    const ran = message.kind === "call" ? "did not run" : "may have run";
    if (why === "unreachable") return this.#lose(message.id, ran);
    this.#settle(message.id)?.reject(new MeshError(why, `node ${target.node} may not be called; the call ${ran}`));
  }

  /** The edge is gone: what left by it may have run, and its answer may be lost. */
  onEdgeClosed(edge: Edge): void {
    for (const [id, call] of this.#calls) {
      if (call.edge !== edge) continue;
      this.#settle(id)?.reject(
        new MeshError("edge-lost", `the edge to ${edge.peer.name} ended before the answer came; the call may have run`),
      );
    }
  }

  /** The node is gone. */
  onNodeLost(node: NodeId): void {
    for (const [id, { target }] of this.#calls)
      if (target.node === node || target.home === node) this.#lose(id, "may have run");
  }

  /**
   * The directory or a route changed. A callee that was there and is not, or in another life, may have taken calls with
   * it, or only have stopped exposing something: it is asked.
   */
  onMeshChange(): void {
    if (this.#calls.size === 0) return;
    const lifeOf = this.#lives();
    for (const call of this.#calls.values()) {
      const life = lifeOf(call.target);
      if (life === call.life) continue;
      call.life = life;
      this.#probe(call);
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.[dispose]();
    for (const id of this.#calls.keys())
      this.#settle(id)?.reject(
        new MeshError("closed", "this node was closed before the answer came; the call may have run"),
      );
  }

  #settle(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (call?.onAbort) call.request.signal?.removeEventListener("abort", call.onAbort);
    return call;
  }

  #lose(id: number, ran: "did not run" | "may have run"): void {
    const call = this.#settle(id);
    call?.reject(new MeshError("peer-lost", `node ${call.target.node} could not be reached; the call ${ran}`));
  }

  #cancel({ request, target }: Call, reason: unknown): void {
    const call = this.#settle(request.id);
    this.#tell(target, { kind: "cancel", id: request.id });
    call?.reject(reason);
  }

  // ---- asking after calls

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

  #probe({ request: { id }, target }: Call): void {
    if (target.node !== this.#host.self && !this.#tell(target, { kind: "probe", id })) this.#lose(id, "may have run");
  }

  /** @returns Whether there is a way. One that is full says nothing of the callee, and what is told here may be lost. */
  #tell(target: Address, message: RmiMessage): boolean {
    try {
      this.#host.unicast.send(target, Port.rmi, Lane.reliable, encodeRmi(message));
      return true;
    } catch (error) {
      return !(error instanceof MeshError) || error.code !== "unreachable";
    }
  }

  #wakeAt(atMs: number): void {
    if (atMs >= this.#timerAtMs) return;
    this.#timer?.[dispose]();
    const { clock } = this.#host;
    this.#timerAtMs = atMs;
    this.#timer = clock.setTimer(Math.max(0, atMs - clock.now()), () => this.#sweep());
  }

  #sweep(): void {
    const nowMs = this.#host.clock.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const call of this.#calls.values()) {
      const { service, path, timeoutMs, dueMs } = call.request;
      if (dueMs <= nowMs) {
        const what = `"${service}.${path.join(".")}"`;
        this.#cancel(
          call,
          new MeshError("timed-out", `${what} did not answer within ${timeoutMs} ms; it may still run`),
        );
        continue;
      }
      if (call.probeAtMs <= nowMs) {
        call.probeAtMs = nowMs + PROBE_MS;
        this.#probe(call);
      }
      nextMs = Math.min(nextMs, dueMs, call.probeAtMs);
    }
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (Number.isFinite(nextMs)) this.#wakeAt(Math.max(nextMs, nowMs + this.#calls.size * SWEEP_MS_PER_CALL));
  }
}
