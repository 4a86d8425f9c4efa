/** Every flow this node knows, by number; its own ones also by topic. */
import type { NodeId } from "../base/ids.ts";
import { LIMITS } from "../base/limits.ts";
import type { Reliability } from "../wire/index.ts";
import type { Flow } from "./flow.ts";

/** How many flows are looked at to find an idle one. */
const CANDIDATES = 64;

export class FlowTable {
  /** This node's own flows, those of its leaves left out. */
  readonly own = new Set<Flow>();
  readonly #byNumber = new Map<number, Flow>();
  /** Own flows that the next message of a topic goes to. */
  readonly #open: Record<Reliability, Map<string, Flow>> = { reliable: new Map(), volatile: new Map() };
  /** The own flow asked for last: a publisher mostly stays with its topic. */
  #lastOpen: Flow | undefined;
  /** The flow looked up last: frames of one flow come in runs. */
  #last: Flow | undefined;

  get size(): number {
    return this.#byNumber.size;
  }

  get(number: number): Flow | undefined {
    if (this.#last?.number === number) return this.#last;
    const flow = this.#byNumber.get(number);
    if (flow) this.#last = flow;
    return flow;
  }

  openFor(topic: string, reliability: Reliability): Flow | undefined {
    const last = this.#lastOpen;
    if (last?.topic === topic && last.reliability === reliability) return last;
    this.#lastOpen = this.#open[reliability].get(topic);
    return this.#lastOpen;
  }

  add(flow: Flow, self: NodeId): void {
    this.#byNumber.set(flow.number, flow);
    if (flow.origin !== self) return;
    this.own.add(flow);
    this.#open[flow.reliability].set(flow.topic, flow);
  }

  /** The next message of every topic opens a new flow. */
  retireOwn(): void {
    for (const flow of this.own) this.#retire(flow);
  }

  /** The one to forget when there are too many: of those known longest, the one idle longest. */
  idlest(): Flow | undefined {
    if (this.#byNumber.size <= LIMITS.flows) return undefined;
    let idlest: Flow | undefined;
    let looked = 0;
    for (const flow of this.#byNumber.values()) {
      if (!idlest || flow.idleSinceMs < idlest.idleSinceMs) idlest = flow;
      if (++looked === CANDIDATES) break;
    }
    return idlest;
  }

  delete(flow: Flow): void {
    flow.ended = true;
    this.#byNumber.delete(flow.number);
    if (this.#last === flow) this.#last = undefined;
    this.own.delete(flow);
    this.#retire(flow);
  }

  /**
   * Gives the flows that nobody needs to know any more. An own flow idle for longer than the log's age gets a new number
   * when it wakes, so that a forgotten position is never asked for; and positions outlive the log.
   */
  sweep(nowMs: number): Flow[] {
    const forgotten: Flow[] = [];
    for (const flow of this.#byNumber.values()) {
      if (flow.sweptHead !== flow.log.head) {
        flow.sweptHead = flow.log.head;
        flow.idleSinceMs = nowMs;
        continue;
      }
      const idleMs = nowMs - flow.idleSinceMs;
      if (idleMs > LIMITS.logAgeMs) this.#retire(flow);
      if (idleMs > LIMITS.positionAgeMs) forgotten.push(flow);
    }
    return forgotten;
  }

  /** Flows whose home was lost more than a lease ago. */
  *orphans(nowMs: number): Generator<Flow> {
    for (const flow of [...this.#byNumber.values()]) {
      if (flow.orphanedAtMs !== undefined && nowMs - flow.orphanedAtMs > LIMITS.leafLeaseMs) yield flow;
    }
  }

  #retire(flow: Flow): void {
    if (this.#lastOpen === flow) this.#lastOpen = undefined;
    const open = this.#open[flow.reliability];
    if (open.get(flow.topic) === flow) open.delete(flow.topic);
  }
}
