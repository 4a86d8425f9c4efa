/** The callee's side: what is exposed here, and the calls of others that run. */
import { show } from "../base/check-options.ts";
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { Pipes } from "../delivery/index.ts";
import { Lane } from "../wire/index.ts";
import type { Exposed } from "./exposed.ts";
import { MESSAGES } from "./outgoing.ts";
import { encodeRmi, type RmiMessage } from "./protocol.ts";

export interface IncomingHost {
  readonly pipes: Pick<Pipes, "send">;
  /** Largest message that `pipes` take. */
  readonly maxMessageBytes: number;
  /** A message came for this node. @returns Why nobody gets it. */
  onSent(from: NodeId, topic: string, args: readonly unknown[] | null): MeshError | undefined;
  onError(error: unknown): void;
}

type CallMessage = RmiMessage & { readonly kind: "call" };

/** Calls a node may have in hand for one other, so that a flood is refused instead of growing. */
const MAX_RUNNING = 1_000;

export class Incoming {
  readonly exposed = new Map<string, Exposed>();
  readonly #host: IncomingHost;
  /** Calls that run, by caller; one that was given up is gone from here, and its answer is not sent. */
  readonly #running = new Map<NodeId, Set<number>>();

  constructor(host: IncomingHost) {
    this.#host = host;
  }

  get size(): number {
    let count = 0;
    for (const calls of this.#running.values()) count += calls.size;
    return count;
  }

  /** Nodes whose calls run. */
  get callers(): Iterable<NodeId> {
    return this.#running.keys();
  }

  onCall(caller: NodeId, call: CallMessage): void {
    const { id } = call;
    if (call.service === MESSAGES) {
      const refused = this.#host.onSent(caller, call.path[0] ?? "", call.args);
      if (!refused) return this.#send(caller, { kind: "result", id, value: null });
      const { code, message } = refused;
      return this.#send(caller, { kind: "refusal", id, code, detail: message.slice(code.length + 3) });
    }
    if ((this.#running.get(caller)?.size ?? 0) >= MAX_RUNNING) {
      const detail = `${MAX_RUNNING} calls of this node run there already`;
      return this.#send(caller, { kind: "refusal", id, code: "overflow", detail });
    }
    let answer: RmiMessage;
    try {
      const value = this.#invoke(call);
      if (isThenable(value)) return void this.#follow(caller, id, value);
      answer = { kind: "result", id, value };
    } catch (error) {
      answer = failure(id, error);
    }
    this.#send(caller, answer);
  }

  onCancel(caller: NodeId, id: number): void {
    this.#release(caller, id);
  }

  /** The caller is gone. */
  onNodeLost(node: NodeId): void {
    this.#running.delete(node);
  }

  close(): void {
    this.exposed.clear();
    this.#running.clear();
  }

  /** Answer when `value` is there, unless the call is given up meanwhile. */
  async #follow(caller: NodeId, id: number, value: PromiseLike<unknown>): Promise<void> {
    let running = this.#running.get(caller);
    if (!running) this.#running.set(caller, (running = new Set()));
    running.add(id);
    let answer: RmiMessage;
    try {
      answer = { kind: "result", id, value: await value };
    } catch (error) {
      answer = failure(id, error);
    }
    if (this.#release(caller, id)) this.#send(caller, answer);
  }

  #release(caller: NodeId, id: number): boolean {
    const running = this.#running.get(caller);
    if (!running?.delete(id)) return false;
    if (running.size === 0) this.#running.delete(caller);
    return true;
  }

  #invoke({ service, path, args }: CallMessage): unknown {
    const exposed = this.exposed.get(service);
    if (!exposed) throw new Refusal(`"${service}" is not exposed by this node`);
    const member = exposed.find(path);
    if (!member) throw new Refusal(`${named(service, path)} is not exposed`);
    const { owner, value } = member;
    if (args === null) {
      if (typeof value === "function") throw new Refusal(`${named(service, path)} is a method; call it`);
      return value;
    }
    if (typeof value !== "function") throw new Refusal(`${named(service, path)} is not a method; await it to read it`);
    return Reflect.apply(value, owner, args);
  }

  #send(caller: NodeId, answer: RmiMessage): void {
    let payload: Uint8Array;
    try {
      payload = encodeRmi(answer);
    } catch (error) {
      // What the callee gave cannot cross: the caller hears that much.
      if (answer.kind === "result") return this.#send(caller, failure(answer.id, error));
      if (answer.kind === "failure" && answer.data !== null) return this.#send(caller, { ...answer, data: null });
      return this.#host.onError(error);
    }
    try {
      this.#host.pipes.send(caller, Lane.reliable, payload);
    } catch (error) {
      const { kind, id } = answer;
      if ((kind === "result" || kind === "failure") && error instanceof MeshError && error.code === "too-large") {
        const detail = `it ran, but its ${kind} is too large: ${payload.byteLength} bytes, ${this.#host.maxMessageBytes} allowed`;
        return this.#send(caller, { kind: "refusal", id, code: "too-large", detail });
      }
      this.#host.onError(error); // too much waits for the caller already
    }
  }
}

/** The call did not run. */
class Refusal extends Error {}

const named = (service: string, path: readonly string[]): string => `"${[service, ...path].join(".").slice(0, 200)}"`;

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  ((typeof value === "object" && value !== null) || typeof value === "function") &&
  typeof (value as { then?: unknown }).then === "function";

/** What a caller learns of `error`, which may be anything at all that was thrown. */
function failure(id: number, error: unknown): RmiMessage {
  if (error instanceof Refusal) return { kind: "refusal", id, code: "no-responder", detail: error.message };
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
