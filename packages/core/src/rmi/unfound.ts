/** Calls whose callee is not known yet: they wait, in the order in which they were made and within a bound, until it is found. */
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";

/** So many different callees are looked for at once. */
const MAX_SOUGHT = 4_096;

export interface UnfoundHost<Call> {
  /** Who has the service, `node` or whoever is nearest; undefined when nobody has. */
  search(service: string, node: string | undefined): Promise<NodeId | undefined>;
  onFound(call: Call, owner: NodeId, payload: Uint8Array): void;
  /** @param cause Why there was no answer; undefined when nobody has it. */
  onNobody(call: Call, cause: unknown): void;
}

export class Unfound<Call> {
  readonly #host: UnfoundHost<Call>;
  /** By what is looked for; payloads in the order of their calls. */
  readonly #queues = new Map<string, Map<Call, Uint8Array>>();
  #count = 0;
  #bytes = 0;

  constructor(host: UnfoundHost<Call>) {
    this.#host = host;
  }

  /** Whether others wait for the same, so that whoever comes later waits behind them. */
  isFor(service: string, node: string | undefined): boolean {
    return this.#queues.has(keyOf(service, node));
  }

  /** @param payload Copied. @throws {MeshError} `overflow` */
  add(call: Call, service: string, node: string | undefined, payload: Uint8Array): void {
    if (this.#count >= LIMITS.pipeQueueMessages || this.#bytes + payload.byteLength > LIMITS.pipeQueueBytes)
      throw new MeshError("overflow", `${this.#count} calls and messages wait to know where they go; await some first`);
    const key = keyOf(service, node);
    const queue = this.#queues.get(key);
    if (!queue && this.#queues.size >= MAX_SOUGHT)
      throw new MeshError("overflow", `${MAX_SOUGHT} callees are looked for already; await some first`);
    this.#count++;
    this.#bytes += payload.byteLength;
    if (queue) return void queue.set(call, payload.slice());
    const begun = new Map([[call, payload.slice()]]);
    this.#queues.set(key, begun);
    const settle = (owner: NodeId | undefined, cause?: unknown): void => {
      this.#queues.delete(key);
      for (const [waiting, bytes] of begun) {
        this.#release(bytes);
        if (owner) this.#host.onFound(waiting, owner, bytes);
        else this.#host.onNobody(waiting, cause);
      }
    };
    this.#host.search(service, node).then(settle, (cause: unknown) => settle(undefined, cause));
  }

  /** Nobody waits for it any more. */
  drop(call: Call, service: string, node: string | undefined): void {
    const queue = this.#queues.get(keyOf(service, node));
    const payload = queue?.get(call);
    if (!payload) return;
    queue!.delete(call);
    this.#release(payload);
  }

  #release({ byteLength }: Uint8Array): void {
    this.#count--;
    this.#bytes -= byteLength;
  }
}

function keyOf(service: string, node = ""): string {
  return `${node.length} ${node}${service}`;
}
