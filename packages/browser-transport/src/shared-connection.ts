/** How a tab reaches its gateway through the SharedWorker of its origin, or by itself where there is none. */
import { type Clock, dispose, type Lifecycle, MeshError } from "@chaski/core";
import { type OnLink, setDeadline, type Transport } from "@chaski/core/link";
import { ChannelKind, textMessage, webSocketUrl } from "@chaski/websocket";
import { HUB_VERSION } from "./hub/hub-limits.ts";
import type { MessagePortLike } from "./port.ts";
import { dialHub } from "./port-link.ts";

/** A SharedWorker that has said nothing for so long does not run what it should, in ms. */
const WELCOME_MS = 5_000;

/** Between two looks whether the SharedWorker lives, in ms: it is never at work for long, but crashes with a tab it shares a process with. */
const LOOK_MS = 2_000;

/** What is used of a `SharedWorker`. */
export interface SharedWorkerLike {
  readonly port: MessagePortLike;
  addEventListener(type: "error", listener: () => void): void;
}

export interface SharedConnectionOptions {
  /** The addresses of `join`, any of which serves. */
  readonly join: readonly string[];
  readonly clock: Clock;
  readonly lifecycle: Lifecycle | undefined;
  /** The connection of the tab's own. */
  readonly own: Transport;
  /** Hears why the tab takes that one, unless there are no SharedWorkers here. */
  readonly warn: ((text: string, error: unknown) => void) | undefined;
}

/** For the option `shared` of `createNode`. */
export type SharedConnection = (options: SharedConnectionOptions) => Transport;

/**
 * One WebSocket for all tabs of an origin, carried by a SharedWorker whose script calls `serveTabs()` of
 * `@chaski/browser-transport/hub`. Each tab is a node as it would be without. Where there is no SharedWorker, or it does not
 * start, or it is of another version, the tab has a connection of its own, and nothing else changes.
 *
 * @param connect Called for every link: `() => new SharedWorker(new URL("./hub.js", import.meta.url), { type: "module" })`.
 * @throws {TypeError}
 */
export function viaSharedWorker(connect: () => SharedWorkerLike): SharedConnection {
  if (typeof connect !== "function") {
    throw new TypeError(`connect must be a function that makes a SharedWorker, got ${typeof connect}`);
  }
  return (options) => {
    const { own } = options;
    const tab = new SharingTab(connect, options);
    return {
      schemes: own.schemes,
      checkAddress: (address) => own.checkAddress(address),
      dial: async (address, onLink, { signal }) => {
        if (typeof globalThis.SharedWorker === "function" && !tab.isAlone) {
          try {
            return await tab.dial(address, onLink, signal as AbortSignal);
          } catch (error) {
            if (!tab.isAlone || signal.aborted) throw error;
          }
        }
        return own.dial(address, onLink, { signal });
      },
    };
  };
}

class SharingTab {
  /** The SharedWorker is of no use: this tab does without from now on. */
  isAlone = false;
  readonly #connect: () => SharedWorkerLike;
  readonly #options: SharedConnectionOptions;
  /** Where the last link led that ended: no reason to be led there again. */
  #left: string | undefined;

  constructor(connect: () => SharedWorkerLike, options: SharedConnectionOptions) {
    this.#connect = connect;
    this.#options = options;
  }

  async dial(address: string, onLink: OnLink, signal: AbortSignal): Promise<void> {
    const { clock, join, lifecycle } = this.#options;
    const url = webSocketUrl(address);
    if (signal.aborted) throw signal.reason;
    const worker = this.#makeWorker();
    const dialled = new AbortController();
    let isWelcome = false;
    const giveUp = (why: string): void => {
      if (!isWelcome) dialled.abort(this.#goAlone(why));
    };
    const onAbort = (): void => dialled.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    worker.addEventListener("error", () => giveUp("the script of the SharedWorker cannot be run"));
    const patience = setDeadline(clock, WELCOME_MS, () => giveUp(`the SharedWorker was silent for ${WELCOME_MS} ms`));
    const all = join.map(webSocketUrl);
    const others = all.includes(url) ? all.filter((other) => other !== url && other !== this.#left) : [];
    try {
      await dialHub(
        worker.port,
        {
          clock,
          lookMs: LOOK_MS,
          signal: dialled.signal,
          addresses: [url, ...others],
          onWelcome: (version) => {
            if (version !== HUB_VERSION) return this.#goAlone("the SharedWorker is of another version");
            isWelcome = true;
            return undefined;
          },
          onPort: (port, leadsTo, lose) => {
            const watch = lifecycle?.watch((event) => {
              port.post(textMessage(ChannelKind.life, event));
              // Of the edge, which has closed it; a message to a page in the back/forward cache would throw that out.
              if (event === "pagehide") lose("the page was put away");
            });
            return () => {
              this.#left = leadsTo;
              watch?.[dispose]();
            };
          },
        },
        onLink,
      );
    } finally {
      patience[dispose]();
      signal.removeEventListener("abort", onAbort);
    }
  }

  #makeWorker(): SharedWorkerLike {
    try {
      return this.#connect();
    } catch (error) {
      throw this.#goAlone("no SharedWorker can be made", error);
    }
  }

  #goAlone(why: string, cause?: unknown): MeshError {
    if (!this.isAlone) this.#options.warn?.(`this tab has a connection of its own: ${why}`, cause);
    this.isAlone = true;
    return new MeshError("dial-failed", `no connection is shared: ${why}`, { cause });
  }
}
