/** Leaves of a simulated mesh that sleep at random and are woken, as pages are. */
import { dispose } from "../base/platform.ts";
import type { Runtime } from "../node-options.ts";
import type { SimulatedMesh } from "./simulated-mesh.ts";
import { SleepingPage } from "./sleeping-page.ts";

export class Naps {
  readonly #mesh: SimulatedMesh;
  readonly #pages = new Map<string, SleepingPage>();
  /** What wakes those that sleep now. */
  readonly #wakes = new Set<() => void>();

  constructor(mesh: SimulatedMesh) {
    this.#mesh = mesh;
  }

  /** What the node named `name` runs on from now on, so that it can sleep. */
  runtime(name: string): Partial<Runtime> {
    const page = new SleepingPage(this.#mesh, name);
    this.#pages.set(name, page);
    return page.runtime;
  }

  isAsleep(name: string): boolean {
    return this.#pages.get(name)?.isAsleep ?? false;
  }

  /** Now, or when it is awake: what the node named `name` does by itself. */
  awake(name: string, work: () => void): void {
    const page = this.#pages.get(name);
    if (page) page.awake(work);
    else work();
  }

  /** For so long, in ms: hidden and frozen, stopped without a word, or hidden with timers that do not fire. */
  sleep(name: string, ms: number): void {
    const page = this.#pages.get(name)!;
    if (page.isAsleep || page.throttled) return;
    const kind = Math.floor(this.#mesh.random.float() * 3);
    if (kind !== 1) page.tell("hidden");
    if (kind === 0) page.tell("freeze");
    if (kind === 2) page.throttled = true;
    else page.stop();
    const wake = (): void => {
      timer[dispose]();
      this.#wakes.delete(wake);
      page.go();
      if (kind === 0) page.tell("resume");
      if (kind !== 1) page.tell("visible");
    };
    const timer = this.#mesh.clock.setTimer(ms, wake);
    this.#wakes.add(wake);
  }

  wakeAll(): void {
    for (const wake of this.#wakes) wake();
  }
}
