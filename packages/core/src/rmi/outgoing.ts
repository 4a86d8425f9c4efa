/**
 * The caller's side: the calls that are not answered yet. A call runs once at most; when its answer cannot come any more it
 * rejects with a code and a word whether it may have run.
 */
import type { Clock, Random } from "../base/clock.ts";
import { isMeshErrorCode, MeshError, type MeshErrorCode } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { type AbortSignalLike, dispose } from "../base/platform.ts";
import type { Pipes, Sent } from "../delivery/index.ts";
import type { ServiceInstance } from "../mesh/index.ts";
import { Lane, readU32 } from "../wire/index.ts";
import { encodeRmi, type RmiMessage } from "./protocol.ts";
import type { CallOptions } from "./remote.ts";

export interface OutgoingHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly pipes: Pick<Pipes, "knows" | "send" | "withdraw">;
  /** Instances of an exposed object now known, nearest first. */
  instances(service: string): readonly ServiceInstance[];
  /** Resolves when the directory can be believed, so that "nobody" means nobody. */
  joined(): Promise<void>;
}

/** A call times out after this, in ms, unless told otherwise. */
const DEFAULT_TIMEOUT_MS = 10_000;
/** Looking through all calls costs time, so the more there are the later one may time out: by so much for each, in ms. */
const SWEEP_MS_PER_CALL = 0.01;

/** What messages are sent to, instead of an exposed object: a name that none can have. */
export const MESSAGES = "";

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
class Call implements Sent {
  readonly request: Request;
  readonly target: NodeId;
  onAbort: (() => void) | undefined;
  readonly #table: Map<number, Call>;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  /** @param table It is in it until it ends. */
  constructor(
    request: Request,
    target: NodeId,
    table: Map<number, Call>,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.request = request;
    this.target = target;
    this.#table = table;
    this.#resolve = resolve;
    this.#reject = reject;
    table.set(request.id, this);
  }

  resolve(value: unknown): void {
    this.#end();
    this.#resolve(value);
  }

  reject(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  onLost(code: MeshErrorCode, why: string, mayHaveArrived: boolean): void {
    const [what, done] = this.request.service === MESSAGES ? ["message", "arrive"] : ["call", "run"];
    const became = mayHaveArrived ? `may have ${done === "run" ? done : "arrived"}` : `did not ${done}`;
    this.reject(new MeshError(code, `${why}; the ${what} ${became}`));
  }

  #end(): void {
    const { id, signal } = this.request;
    this.#table.delete(id);
    if (this.onAbort) signal?.removeEventListener("abort", this.onAbort);
  }
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
    const owner = this.#find(service, node);
    return owner ? this.#send(request, owner, payload) : this.#sendWhenJoined(request, node, payload.slice());
  }

  async #sendWhenJoined(request: Request, node: string | undefined, payload: Uint8Array): Promise<unknown> {
    const { service, timeoutMs, signal } = request;
    await this.#within(this.#joined(), timeoutMs, signal);
    if (signal?.aborted) throw signal.reason;
    if (this.#closed) throw new MeshError("closed", "this node was closed meanwhile; the call did not run");
    const owner = this.#find(service, node);
    if (owner) return this.#send(request, owner, payload);
    if (service === MESSAGES)
      throw new MeshError("unreachable", `node ${node} is not known; the message did not arrive`);
    throw new MeshError(
      "no-responder",
      node === undefined
        ? `nobody in the mesh exposes "${service}"`
        : `node ${node} does not expose "${service}", or is not known`,
    );
  }

  #send(request: Request, owner: NodeId, payload: Uint8Array): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { dueMs, signal } = request;
      const call = new Call(request, owner, this.#calls, resolve, reject);
      if (signal) {
        call.onAbort = () => this.#giveUp(call, signal.reason);
        signal.addEventListener("abort", call.onAbort, { once: true });
      }
      this.#wakeAt(dueMs);
      try {
        this.#host.pipes.send(owner, Lane.reliable, payload, call);
      } catch (error) {
        call.reject(error);
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

  #find(service: string, node: string | undefined): NodeId | undefined {
    if (service === MESSAGES) return this.#host.pipes.knows(node!) ? node : undefined;
    const instances = this.#host.instances(service);
    if (node === undefined) return instances[0]?.owner;
    const found =
      instances.find((instance) => instance.owner === node) ??
      instances.find((instance) => instance.ownerName === node);
    return found?.owner;
  }

  /** @throws {MeshError} `timed-out`, or the signal's reason. */
  #within(wait: Promise<void>, timeoutMs: number, signal: AbortSignalLike | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer =
        timeoutMs < Number.POSITIVE_INFINITY
          ? this.#host.clock.setTimer(timeoutMs, () =>
              finish(() =>
                reject(new MeshError("timed-out", `no edge to the mesh within ${timeoutMs} ms; the call did not run`)),
              ),
            )
          : undefined;
      const onAbort = (): void => finish(() => reject(signal?.reason));
      const finish = (settle: () => void): void => {
        timer?.[dispose]();
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

  /** Nodes that calls wait for. */
  get awaited(): NodeId[] {
    return Array.from(this.#calls.values(), ({ target }) => target);
  }

  /** @param message An answer to a call of ours, from `callee`. */
  onAnswer(callee: NodeId, message: RmiMessage): void {
    const call = this.#calls.get(message.id);
    // Only the node that was asked may answer.
    if (call?.target !== callee) return;
    if (message.kind === "result") call.resolve(message.value);
    else if (message.kind === "failure") {
      const { name, code, message: text, data } = message;
      const remote = { name, code: code ?? undefined, message: text, data };
      call.reject(new MeshError("remote-error", `${name}: ${text}`, { remote }));
    } else if (message.kind === "refusal")
      call.reject(new MeshError(isMeshErrorCode(message.code) ? message.code : "no-responder", message.detail));
  }

  /** What it was called does not run there any more. */
  onNodeLost(node: NodeId, why: string): void {
    for (const call of this.#calls.values()) if (call.target === node) call.onLost("peer-lost", why, true);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.[dispose]();
    for (const call of this.#calls.values()) call.onLost("closed", "this node was closed before the answer came", true);
  }

  /** Nobody waits for it any more: it is not sent, or its callee hears of it. */
  #giveUp(call: Call, reason: unknown): void {
    const { target, request } = call;
    if (!this.#host.pipes.withdraw(target, call)) this.#cancel(target, request.id);
    call.reject(reason);
  }

  #cancel(target: NodeId, id: number): void {
    try {
      this.#host.pipes.send(target, Lane.reliable, encodeRmi({ kind: "cancel", id }));
    } catch (error) {
      // Nobody there to tell, or no room to: its answer is dropped when it comes.
      if (!(error instanceof MeshError)) throw error;
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
        const what = service === MESSAGES ? `the message on "${path[0]}"` : `"${service}.${path.join(".")}"`;
        this.#giveUp(
          call,
          new MeshError(
            "timed-out",
            `${what} ${service === MESSAGES ? "was not taken" : "did not answer"} within ${timeoutMs} ms; it may still ${service === MESSAGES ? "arrive" : "run"}`,
          ),
        );
      } else if (dueMs < nextMs) nextMs = dueMs;
    }
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (Number.isFinite(nextMs)) this.#wakeAt(Math.max(nextMs, nowMs + this.#calls.size * SWEEP_MS_PER_CALL));
  }
}
