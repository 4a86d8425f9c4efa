/** A runtime that can be put to sleep, as a page is: what is due or arrives meanwhile waits, timers in front of the network. */
import type { Clock } from "../base/clock.ts";
import type { Lifecycle, LifecycleEvent } from "../base/lifecycle.ts";
import { LIMITS } from "../base/limits.ts";
import { dispose } from "../base/platform.ts";
import type { Transport } from "../link/index.ts";
import type { Runtime } from "../node-options.ts";
import type { SimulatedMesh } from "./simulated-mesh.ts";

export class SleepingPage {
  readonly runtime: Partial<Runtime>;
  /** When an address was dialled. */
  readonly dialledAtMs: number[] = [];
  #listener: ((event: LifecycleEvent) => void) | undefined;
  #asleep = false;
  /** Timers do not fire: a tab hidden for long, at its worst. */
  throttled = false;
  #timers: (() => void)[] = [];
  #arrived: (() => void)[] = [];

  constructor(mesh: SimulatedMesh, name: string) {
    const clock: Clock = {
      now: () => mesh.clock.now(),
      wallNow: () => mesh.clock.wallNow(),
      soon: (run) => mesh.clock.soon(() => this.awake(run)),
      setTimer: (delayMs, run) => {
        let isArmed = true;
        const fire = (): void => {
          if (!isArmed) return;
          isArmed = false;
          run();
        };
        const timer = mesh.clock.setTimer(delayMs, () => {
          if (this.#asleep || this.throttled) this.#timers.push(fire);
          else fire();
        });
        return {
          [dispose]: () => {
            isArmed = false;
            timer[dispose]();
          },
        };
      },
    };
    const real = mesh.network.transport(name);
    const transport: Transport = {
      ...real,
      dial: (address, onLink, options) => {
        this.dialledAtMs.push(mesh.clock.now());
        const onItsLink: typeof onLink = (link) => {
          const sink = onLink(link);
          return {
            get maxFrameBytes() {
              return sink.maxFrameBytes ?? LIMITS.frameBytes;
            },
            onPacket: (packet) => this.awake(() => sink.onPacket(packet)),
            onWritable: () => this.awake(() => sink.onWritable()),
            onClosed: (error) => this.awake(() => sink.onClosed(error)),
          };
        };
        return real.dial(address, onItsLink, options);
      },
    };
    const lifecycle: Lifecycle = {
      watch: (listener) => {
        this.#listener = listener;
        return { [dispose]: () => (this.#listener = undefined) };
      },
    };
    this.runtime = { clock, transports: [transport], lifecycle };
  }

  get isWatched(): boolean {
    return this.#listener !== undefined;
  }

  get isAsleep(): boolean {
    return this.#asleep;
  }

  tell(...events: readonly LifecycleEvent[]): void {
    for (const event of events) this.#listener?.(event);
  }

  /** As SIGSTOP does it: without a word. */
  stop(): void {
    this.#asleep = true;
  }

  /** And SIGCONT; the end of throttling as well. */
  go(): void {
    this.#asleep = false;
    this.throttled = false;
    for (const run of [...this.#timers.splice(0), ...this.#arrived.splice(0)]) run();
  }

  /** Now, or when it is awake: what the page does by itself. */
  awake(run: () => void): void {
    if (this.#asleep) this.#arrived.push(run);
    else run();
  }
}
