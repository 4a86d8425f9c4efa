/**
 * A network inside one process, for tests and simulations. All of its time comes from the clock it is given,
 * so on a virtual clock everything that happens is a function of what was done.
 */
import type { Clock } from "../base/clock.ts";
import { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { type AbortSignalLike, asyncDispose, dispose } from "../base/platform.ts";
import type { LinkTraits, Listener, OnLink, Transport } from "./link.ts";
import { MemoryLink } from "./memory-link.ts";

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** One way, in ms; a function is asked for every packet. Default 0: at the same instant, after the work in hand. */
  readonly delayMs?: number | ((from: string, to: string) => number);
  /** What its links promise. Default: reliable, ordered, packets up to `LIMITS.packetBytes`. */
  readonly traits?: Partial<LinkTraits>;
}

export interface CutOptions {
  /** How long until the two ends learn of it, in ms. Default 0. */
  readonly detectMs?: number;
}

/** Endpoints by name, the links between them, and what happens to both. Addresses are `memory://name`. */
export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #delayMs: (from: string, to: string) => number;
  readonly #traits: LinkTraits;
  readonly #links = new Set<MemoryLink>();
  readonly #listeners = new Map<string, OnLink>();
  readonly #severed = new Set<string>();
  /** Crashed transports are told apart from their successors of the same name by this. */
  readonly #lives = new Map<string, object>();

  constructor(options: MemoryNetworkOptions) {
    const { delayMs = 0 } = options;
    this.#clock = options.clock;
    this.#delayMs = typeof delayMs === "number" ? () => delayMs : delayMs;
    this.#traits = { reliable: true, ordered: true, maxPacketBytes: LIMITS.packetBytes, ...options.traits };
  }

  /** Ends of links that have not closed yet: 0 when nothing was left behind. */
  get openLinks(): number {
    return this.#links.size;
  }

  /** Names somebody listens on. */
  get openListeners(): number {
    return this.#listeners.size;
  }

  /** The transport of one endpoint, which dials under this name and may listen on `memory://name`. */
  transport(name: string): Transport {
    let life = this.#lives.get(name);
    if (!life) this.#lives.set(name, (life = {}));
    const isAlive = (): boolean => this.#lives.get(name) === life;
    return {
      schemes: ["memory"],
      checkAddress: (address) => void nameOf(address),
      dial: async (address, onLink, { signal }) => this.#dial(name, isAlive, nameOf(address), onLink, signal),
      listen: async (address, onLink) => this.#listen(name, isAlive, address, onLink),
    };
  }

  /** End the links between two endpoints and refuse new ones until `heal`. What is on its way is lost. */
  cut(one: string, other: string, options: CutOptions = {}): void {
    this.#severed.add(pairOf(one, other));
    this.drop(one, other, options);
  }

  /** Let two endpoints reach each other again. */
  heal(one: string, other: string): void {
    this.#severed.delete(pairOf(one, other));
  }

  /** Cut every endpoint of one group from every endpoint of the other. */
  partition(ones: Iterable<string>, others: Iterable<string>, options: CutOptions = {}): void {
    const right = [...others];
    for (const one of ones) for (const other of right) this.cut(one, other, options);
  }

  /** Undo every `cut` and `partition`. */
  healAll(): void {
    this.#severed.clear();
  }

  /** End the links two endpoints have now; they may dial again at once. What is on its way is lost. */
  drop(one: string, other: string, options: CutOptions = {}): void {
    const pair = pairOf(one, other);
    for (const link of [...this.#links]) {
      if (pairOf(link.local, link.remote) === pair)
        link.sever(options.detectMs ?? 0, `the link to ${link.remote} was cut`);
    }
  }

  /**
   * An endpoint vanishes as a killed process does: nothing it sent arrives, its listener is gone, the other
   * ends learn of it after `detectMs`. Its own links are lost at once and its transport reaches nobody any
   * more, so whatever code still runs there can be closed without being heard. A new `transport(name)` starts afresh.
   */
  crash(name: string, options: CutOptions = {}): void {
    this.#lives.delete(name);
    this.#listeners.delete(name);
    for (const link of [...this.#links]) {
      if (link.local === name) link.sever(0, `${name} crashed`);
      else if (link.remote === name) link.sever(options.detectMs ?? 0, `the link to ${name} was lost`);
    }
  }

  #listen(name: string, isAlive: () => boolean, address: string, onLink: OnLink): Listener {
    if (nameOf(address) !== name) {
      throw new TypeError(`address must be "memory://${name}", the endpoint's own, got ${JSON.stringify(address)}`);
    }
    if (!isAlive()) throw new MeshError("listen-failed", `the endpoint ${name} has crashed`);
    if (this.#listeners.has(name)) throw new MeshError("listen-failed", `${address} is in use`);
    this.#listeners.set(name, onLink);
    return {
      address,
      [asyncDispose]: async () => {
        if (this.#listeners.get(name) === onLink) this.#listeners.delete(name);
      },
    };
  }

  #dial(from: string, isAlive: () => boolean, to: string, onLink: OnLink, signal: AbortSignalLike): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      let link: MemoryLink | undefined;
      const settle = (done: () => void): void => {
        signal.removeEventListener("abort", onAbort);
        timer[dispose]();
        done();
      };
      const fail = (why: string): void => settle(() => reject(new MeshError("dial-failed", `memory://${to}: ${why}`)));
      const onAbort = (): void =>
        settle(() => {
          link?.abort(new MeshError("closed", "the dial was aborted", { cause: signal.reason }));
          reject(signal.reason);
        });
      const reach = (): void => {
        const accept = this.#listeners.get(to);
        if (!accept || !isAlive() || this.#severed.has(pairOf(from, to))) {
          const why = accept ? "the endpoint cannot be reached" : "nobody listens there";
          timer = this.#clock.setTimer(this.#delayMs(to, from), () => fail(why));
          return;
        }
        const [here, there] = this.#pair(from, to);
        link = here;
        here.sink = {
          onPacket() {},
          onWritable() {},
          onClosed: (error) => fail(error?.message ?? "it closed at once"),
        };
        here.onUp = () =>
          settle(() => {
            here.sink = onLink(here);
            resolve();
          });
        there.sendUp();
        there.sink = accept(there);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      let timer = this.#clock.setTimer(this.#delayMs(from, to), reach);
    });
  }

  #pair(from: string, to: string): readonly [MemoryLink, MemoryLink] {
    const end = (local: string, remote: string): MemoryLink =>
      new MemoryLink({
        clock: this.#clock,
        traits: this.#traits,
        local,
        remote,
        delayMs: () => this.#delayMs(local, remote),
        onGone: (link) => this.#links.delete(link),
      });
    const pair = [end(from, to), end(to, from)] as const;
    pair[0].other = pair[1];
    pair[1].other = pair[0];
    this.#links.add(pair[0]).add(pair[1]);
    return pair;
  }
}

/** `memory://name` → `name`. */
function nameOf(address: string): string {
  const name = /^memory:\/\/([^/?#]+)$/.exec(address)?.[1];
  if (!name) throw new TypeError(`address must be "memory://<name>", got ${JSON.stringify(address)}`);
  return name;
}

function pairOf(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}
