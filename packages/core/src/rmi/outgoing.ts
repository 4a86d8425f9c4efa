/**
 * The caller's side: the calls that are not answered yet. A call runs once at most; when its answer cannot come any more it
 * rejects with a code and a word whether it may have run.
 */
import type { Clock, Random } from "../base/clock.ts";
import { setDeadline } from "../base/deadline.ts";
import { isMeshErrorCode, MeshError, type MeshErrorCode } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { type AbortSignalLike, dispose } from "../base/platform.ts";
import type { Pipes, Sent } from "../delivery/index.ts";
import type { ServiceInstance } from "../mesh/index.ts";
import { Lane, readU32 } from "../wire/index.ts";
import { encodeRmi, type RmiMessage } from "./protocol.ts";
import type { CallOptions } from "./remote.ts";
import { Unfound } from "./unfound.ts";

export interface OutgoingHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly pipes: Pick<Pipes, "knows" | "send" | "withdraw">;
  /** Instances of an exposed object now known, nearest first. */
  instances(service: string): readonly ServiceInstance[];
  /** Resolves when the directory can be believed, so that "nobody" means nobody. */
  joined(): Promise<void>;
  /** Find a node that nothing is known of: then `pipes` know it. */
  locate(node: NodeId): Promise<void>;
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
  /** The id or name of the node that is meant; undefined for the nearest. */
  readonly node: string | undefined;
  readonly path: readonly string[];
  readonly timeoutMs: number;
  readonly dueMs: number;
  readonly signal: AbortSignalLike | undefined;
}

/** A request that is not answered yet. */
class Call implements Sent {
  readonly request: Request;
  /** Who was sent it; undefined while it is not known who that is. */
  target: NodeId | undefined;
  onAbort: (() => void) | undefined;
  readonly #table: Map<number, Call>;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  /** @param table It is in it until it ends. */
  constructor(
    request: Request,
    table: Map<number, Call>,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.request = request;
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
    const isMessage = this.request.service === MESSAGES;
    const [may, not] = isMessage ? ["may have arrived", "did not arrive"] : ["may have run", "did not run"];
    this.reject(new MeshError(code, `${why}; the ${isMessage ? "message" : "call"} ${mayHaveArrived ? may : not}`));
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
  readonly #unfound: Unfound<Call>;
  /** One timer for all calls, and when it is due. */
  #timer: Disposable | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(host: OutgoingHost) {
    this.#host = host;
    this.#lastId = readU32(host.random.bytes(4), 0);
    this.#unfound = new Unfound<Call>({
      search: (service, node) => this.#search(service, node),
      onFound: (call, owner, payload) => {
        try {
          this.#send(call, owner, payload);
        } catch (error) {
          call.reject(error);
        }
      },
      onNobody: (call, cause) => call.reject(cause ?? nobody(call.request)),
    });
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
    if (this.#stopped) return Promise.reject(new MeshError("closed", "a call after this node was closed"));
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
    return new Promise((resolve, reject) => {
      const call = new Call({ id, service, node, path, timeoutMs, dueMs, signal }, this.#calls, resolve, reject);
      if (signal) {
        call.onAbort = () => this.#giveUp(call, signal.reason);
        signal.addEventListener("abort", call.onAbort, { once: true });
      }
      this.#wakeAt(dueMs);
      const owner = this.#unfound.isFor(service, node) ? undefined : this.#find(service, node);
      try {
        if (owner) this.#send(call, owner, payload);
        else this.#unfound.add(call, service, node, payload);
      } catch (error) {
        call.reject(error);
      }
    });
  }

  /** @throws {MeshError} */
  #send(call: Call, owner: NodeId, payload: Uint8Array): void {
    call.target = owner;
    this.#host.pipes.send(owner, Lane.reliable, payload, call);
  }

  async #search(service: string, node: string | undefined): Promise<NodeId | undefined> {
    await this.#host.joined();
    if (service === MESSAGES && !this.#find(service, node)) await this.#host.locate(node!);
    return this.#find(service, node);
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

  // ---- how calls end

  /** Nodes that calls wait for. */
  get awaited(): NodeId[] {
    return Array.from(this.#calls.values()).flatMap(({ target }) => target ?? []);
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

  /** Calls made from now on are rejected. */
  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.#stopped = true;
    this.#timer?.[dispose]();
    for (const call of this.#calls.values()) {
      this.#drop(call);
      call.onLost("closed", "this node was closed before the answer came", call.target !== undefined);
    }
  }

  /** Nobody waits for it any more: it is not sent, or its callee hears of it. */
  #giveUp(call: Call, reason: unknown): void {
    const { target, request } = call;
    if (target === undefined) this.#drop(call);
    else if (!this.#host.pipes.withdraw(target, call)) this.#cancel(target, request.id);
    call.reject(reason);
  }

  #drop(call: Call): void {
    this.#unfound.drop(call, call.request.service, call.request.node);
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
    this.#timer = setDeadline(clock, Math.max(0, atMs - clock.now()), () => this.#sweep());
  }

  #sweep(): void {
    const nowMs = this.#host.clock.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const call of this.#calls.values()) {
      const { dueMs } = call.request;
      if (dueMs <= nowMs) {
        this.#giveUp(call, timedOut(call));
      } else if (dueMs < nextMs) nextMs = dueMs;
    }
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (Number.isFinite(nextMs)) this.#wakeAt(Math.max(nextMs, nowMs + this.#calls.size * SWEEP_MS_PER_CALL));
  }
}

function timedOut({ target, request: { service, node, path, timeoutMs } }: Call): MeshError {
  const isMessage = service === MESSAGES;
  if (target === undefined)
    return new MeshError(
      "timed-out",
      `${node === undefined ? `whoever exposes "${service}"` : `node ${node}`} was not found within ${timeoutMs} ms; ` +
        `the ${isMessage ? "message did not arrive" : "call did not run"}`,
    );
  return new MeshError(
    "timed-out",
    isMessage
      ? `the message on "${path[0]}" was not taken within ${timeoutMs} ms; it may still arrive`
      : `"${service}.${path.join(".")}" did not answer within ${timeoutMs} ms; it may still run`,
  );
}

function nobody({ service, node }: Request): MeshError {
  if (service === MESSAGES)
    return new MeshError("unreachable", `node ${node} is not known; the message did not arrive`);
  return new MeshError(
    "no-responder",
    node === undefined
      ? `nobody in the mesh exposes "${service}"`
      : `node ${node} does not expose "${service}", or is not known`,
  );
}
