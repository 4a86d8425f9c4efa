/** What this node itself subscribes to. */
import type { NodeId } from "../base/ids.ts";
import { matches } from "../base/topic-pattern.ts";
import type { Flow } from "./flow.ts";
import { type Listener, LocalWant } from "./local-want.ts";
import type { Upstream } from "./upstream.ts";

export class LocalWants {
  readonly #wants = new Set<LocalWant>();

  add(pattern: string, listener: Listener): LocalWant {
    const want = new LocalWant(pattern, listener);
    this.#wants.add(want);
    return want;
  }

  delete(want: LocalWant): boolean {
    return this.#wants.delete(want);
  }

  [Symbol.iterator](): IterableIterator<LocalWant> {
    return this.#wants.values();
  }

  /** `pattern` is confirmed at `upstream`: from now on nothing of it is missed. */
  activate(upstream: Upstream, pattern: string): void {
    for (const want of this.#wants) if (want.pattern === pattern) this.activateOne(want, upstream);
  }

  activateOne(want: LocalWant, upstream: Upstream): void {
    if (want.active.has(upstream.origin)) return;
    want.active.add(upstream.origin);
    for (const flow of upstream.flows)
      if (flow.announced && matches(want.pattern, flow.topic)) want.read(flow, flow.log.head + 1);
  }

  /**
   * Give a flow, from `next` on, to every want active at its home, and to those that will be: what comes while others are
   * waited for comes already. Only who is active is owed what is not held any more.
   * @returns Whether anybody took it.
   */
  offer(flow: Flow, next: number): boolean {
    const { upstream } = flow;
    let taken = false;
    for (const want of this.#wants) {
      if (!matches(want.pattern, flow.topic)) continue;
      const isActive = !upstream || want.active.has(upstream.origin);
      if (!isActive && (next <= flow.log.base || !upstream.isAsked(want.pattern))) continue;
      want.read(flow, next);
      taken = true;
    }
    return taken;
  }

  forgetFlow(flow: Flow): void {
    for (const want of this.#wants) want.forget(flow);
  }

  forgetOrigin(origin: NodeId): void {
    for (const want of this.#wants) want.active.delete(origin);
  }
}
