/**
 * What is wanted of each origin, just now: by this node and by all that read from it, but for the one that it comes from. Of
 * most origins it is the same. Thousands of leaves are added up once, and not for each origin and each other leaf again.
 */
import type { NodeId } from "../base/ids.ts";
import type { Edge } from "../edge/index.ts";
import type { Child } from "./child.ts";
import type { Children } from "./children.ts";
import type { LocalWant } from "./local-want.ts";
import { both, isEqual, NO_PATTERNS, type PatternNumbers, type PatternSet, union, without } from "./pattern-set.ts";
import { EVERY_ORIGIN, type Upstream } from "./upstream.ts";

export interface DemandHost {
  readonly self: NodeId;
  /** The readers of this node. */
  readonly children: Pick<Children, "values" | "askedOnward">;
  readonly localWants: Iterable<Pick<LocalWant, "pattern">>;
}

/** What children want, all together. */
class Total {
  all: PatternSet;
  /** What more than one of them wants. */
  several: PatternSet;
  readonly #byEdge = new Map<Edge, PatternSet>();
  readonly #part: Total | undefined;

  /** @param part Other children, added up already. */
  constructor(part?: Total) {
    this.#part = part;
    this.all = part ? part.all : NO_PATTERNS;
    this.several = part ? part.several : NO_PATTERNS;
  }

  add(edge: Edge, wanted: PatternSet): void {
    this.several = union(this.several, both(this.all, wanted));
    this.all = union(this.all, wanted);
    this.#byEdge.set(edge, wanted);
  }

  /** What is left without one of them. */
  without(edge: Edge | undefined): PatternSet {
    const its = edge && this.#of(edge);
    return its ? union(without(this.all, its), this.several) : this.all;
  }

  #of(edge: Edge): PatternSet | undefined {
    return this.#byEdge.get(edge) ?? (this.#part ? this.#part.#of(edge) : undefined);
  }
}

/** For as long as nothing of it changes. */
export class Demand {
  readonly #host: DemandHost;
  readonly #numbers: PatternNumbers;
  readonly #own: PatternSet;
  /** Leaves that want the same of all origins, and the children that may not. */
  readonly #leaves = new Total();
  readonly #others: Child[] = [];
  /** Of all children, at the origin asked for last. */
  #total = this.#leaves;
  #totalOf: NodeId | undefined;

  constructor(host: DemandHost, numbers: PatternNumbers) {
    this.#host = host;
    this.#numbers = numbers;
    this.#own = numbers.all(Array.from(host.localWants, ({ pattern }) => pattern));
    for (const child of host.children.values())
      if (!child.isLeaf || child.barred.size > 0) this.#others.push(child);
      else this.#leaves.add(child.edge, this.#asked(child, EVERY_ORIGIN));
  }

  /** Every pattern wanted of `upstream`'s origin; what only that very leaf wants is left out. */
  of({ kind, origin, edge, wants }: Upstream): PatternSet {
    return this.#same(wants.wanted, union(this.#own, this.#at(kind, origin).without(edge)));
  }

  /** What is wanted of leaves, by all and by more than one: as long as it is the same, so is what is wanted of each. */
  ofLeaves(): readonly PatternSet[] {
    const { all, several } = this.#at("leaf", this.#host.self);
    return [this.#own, all, several].map((set) => this.#numbers.same(set));
  }

  /** The same with what the node wants that it is read from. */
  withAll({ kind, origin, wants }: Upstream, demanded: PatternSet): PatternSet {
    return this.#same(wants.wanted, union(demanded, this.#at(kind, origin).all));
  }

  #at(kind: Upstream["kind"], origin: NodeId): Total {
    const home = kind === "leaf" ? this.#host.self : origin;
    if (this.#totalOf !== home) {
      this.#totalOf = home;
      this.#total = this.#others.length > 0 ? new Total(this.#leaves) : this.#leaves;
      for (const child of this.#others) this.#total.add(child.edge, this.#asked(child, home));
    }
    return this.#total;
  }

  #asked(child: Child, home: NodeId): PatternSet {
    const list = child.listOf(home);
    return list ? this.#numbers.allOf(list, this.#host.children.askedOnward(list.wants)) : NO_PATTERNS;
  }

  #same(wanted: PatternSet, demanded: PatternSet): PatternSet {
    return isEqual(wanted, demanded) ? wanted : this.#numbers.same(demanded);
  }
}
