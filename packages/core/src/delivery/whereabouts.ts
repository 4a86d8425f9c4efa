/**
 * Finding a leaf. No directory lists one that exposes nothing, so all gateways are asked at once. A question or answer is
 * lost with its way, as every unicast is, so it is sent again until it is answered.
 */
import type { Clock, Random } from "../base/clock.ts";
import { setDeadline } from "../base/deadline.ts";
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { LIMITS, TIMINGS } from "../base/limits.ts";
import { dispose } from "../base/platform.ts";
import {
  type Address,
  decodeWhereabouts,
  encodeWhereabouts,
  type Holds,
  Lane,
  Port,
  readU32,
  type WhereaboutsBody,
} from "../wire/index.ts";
import type { Unicast } from "./unicast.ts";

export interface WhereaboutsHost {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly random: Random;
  readonly unicast: Pick<Unicast, "listen" | "send">;
  /** Gateways within reach, this node left out. */
  gateways(): Iterable<NodeId>;
  /** Whether `node` is a leaf of this node. */
  holds(node: NodeId): Holds;
  onError(error: unknown): void;
}

/** A question without an answer is sent again after this, in ms, then after twice as much, and so on. */
const RESEND_MS = 250;
/** A leaf that no gateway has may be on its way from one to another: they are asked once more after this, in ms. */
const MOVING_MS = 1_000;

class Search {
  number: number;
  /** Gateways that have not answered. */
  asked: Set<NodeId>;
  /** Who keeps the leaf's place, should nobody have it. */
  keptBy: NodeId | undefined;
  isSecond = false;
  pauseMs = RESEND_MS;
  timer: Disposable | undefined;
  deadline: Disposable | undefined;
  ask!: () => void;
  readonly found: Promise<NodeId | undefined>;
  end!: (gateway: NodeId | undefined) => void;

  constructor(number: number, asked: Set<NodeId>) {
    this.number = number;
    this.asked = asked;
    this.found = new Promise((resolve) => (this.end = resolve));
  }
}

export class Whereabouts {
  readonly #host: WhereaboutsHost;
  readonly #searches = new Map<NodeId, Search>();
  #last: number;
  #closed = false;

  constructor(host: WhereaboutsHost) {
    this.#host = host;
    // So that an answer to a former life is none to this one.
    this.#last = readU32(host.random.bytes(4), 0);
    host.unicast.listen(Port.whereabouts, {
      onMessage: (source, payload) => this.#onMessage(source, payload),
      onBounce: () => {}, // it is asked again
    });
  }

  /**
   * Its gateway: where it is, else where its place is kept; undefined when none has it, or said so in time.
   * @throws {MeshError} `overflow` when too many are looked for
   */
  async find(node: NodeId): Promise<NodeId | undefined> {
    const known = this.#searches.get(node);
    if (known) return known.found;
    if (this.#closed) return undefined;
    const { self, clock, holds, gateways } = this.#host;
    const held = holds(node);
    if (held === "here") return self;
    if (this.#searches.size >= LIMITS.searches)
      throw new MeshError("overflow", `${LIMITS.searches} nodes are looked for already`);
    const search = new Search(++this.#last, new Set(gateways()));
    if (held === "kept") search.keptBy = self;
    this.#searches.set(node, search);
    search.deadline = setDeadline(clock, TIMINGS.searchMs, () => this.#end(node, search, search.keptBy));
    search.ask = () => {
      const present = new Set(gateways());
      for (const gateway of search.asked) if (!present.has(gateway)) search.asked.delete(gateway);
      if (search.asked.size === 0) return this.#answered(node, search);
      search.timer = clock.setTimer(search.pauseMs, search.ask);
      search.pauseMs *= 2;
      for (const gateway of search.asked)
        this.#send({ node: gateway, home: gateway }, { kind: "ask", number: search.number, node });
    };
    search.ask();
    return search.found;
  }

  close(): void {
    this.#closed = true;
    for (const [node, search] of this.#searches) this.#end(node, search, undefined);
  }

  /** By all, and none of them has it. */
  #answered(node: NodeId, search: Search): void {
    if (search.keptBy !== undefined || search.isSecond) return this.#end(node, search, search.keptBy);
    search.isSecond = true;
    // What answers the first question once more says nothing new.
    search.number = ++this.#last;
    search.asked = new Set(this.#host.gateways());
    search.pauseMs = RESEND_MS;
    search.timer?.[dispose]();
    search.timer = this.#host.clock.setTimer(MOVING_MS, search.ask);
  }

  #end(node: NodeId, search: Search, gateway: NodeId | undefined): void {
    search.timer?.[dispose]();
    search.deadline?.[dispose]();
    this.#searches.delete(node);
    search.end(gateway);
  }

  #send(to: Address, body: WhereaboutsBody): void {
    try {
      this.#host.unicast.send(to, Port.whereabouts, Lane.reliable, encodeWhereabouts(body));
    } catch (error) {
      // No way now, or a full one: it is asked again.
      if (!(error instanceof MeshError)) throw error;
    }
  }

  #onMessage(source: Address, payload: Uint8Array): void {
    let body: WhereaboutsBody;
    try {
      body = decodeWhereabouts(payload);
    } catch (error) {
      return this.#host.onError(error);
    }
    const { number, node } = body;
    if (body.kind === "ask") return this.#send(source, { kind: "answer", number, node, holds: this.#host.holds(node) });
    const search = this.#searches.get(node);
    // Only who was asked may answer.
    if (search?.number !== number || !search.asked.delete(source.node)) return;
    if (body.holds === "kept") search.keptBy ??= source.node;
    if (body.holds === "here") this.#end(node, search, source.node);
    else if (search.asked.size === 0) this.#answered(node, search);
  }
}
