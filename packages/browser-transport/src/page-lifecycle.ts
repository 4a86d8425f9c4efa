/** What happens to a page or a worker: hidden, frozen, put away, taken off the network, and back. */
import { dispose, type Lifecycle, type LifecycleEvent } from "@chaski/core";

/** Where the events come from: a page's `window` and its document; a worker's `self`, which has fewer or none. */
export interface LifecycleScope extends Pick<EventTarget, "addEventListener" | "removeEventListener"> {
  readonly document?: Pick<Document, "hidden" | "addEventListener" | "removeEventListener">;
}

/** The life of this page or worker. What it has no event for is not told, and misses nothing else. */
export function pageLifecycle(scope: LifecycleScope = globalThis): Lifecycle {
  return {
    watch: (listener) => {
      const stops: (() => void)[] = [];
      const on = (
        target: LifecycleScope | LifecycleScope["document"],
        name: string,
        read = (_event: Event): LifecycleEvent | undefined => name as LifecycleEvent,
      ): void => {
        const tell = (event: Event): void => {
          const told = read(event);
          if (told) listener(told);
        };
        target?.addEventListener(name, tell);
        stops.push(() => target?.removeEventListener(name, tell));
      };
      const { document } = scope;
      on(document, "visibilitychange", () => (document?.hidden ? "hidden" : "visible"));
      for (const name of ["freeze", "resume"]) on(document, name);
      for (const name of ["online", "offline"]) on(scope, name);
      const isKept = (event: Event): boolean => (event as PageTransitionEvent).persisted;
      // The first time, when the page has been loaded, nothing has happened to it.
      on(scope, "pageshow", (event) => (!isKept(event) ? undefined : document?.hidden ? "resume" : "pageshow"));
      on(scope, "pagehide", (event) => (isKept(event) ? "pagehide" : "unload"));
      if (document?.hidden) listener("hidden");
      return {
        [dispose]: () => {
          for (const stop of stops.splice(0)) stop();
        },
      };
    },
  };
}
