/** What a page's or another runtime's own life is told by, in the words of the Page Lifecycle of browsers. */

/**
 * `unload` is a `pagehide` after which the page does not come back; `pagehide` alone puts it into the back/forward cache, and
 * `pageshow` takes it out again.
 */
export type LifecycleEvent =
  | "visible"
  | "hidden"
  | "freeze"
  | "resume"
  | "pageshow"
  | "pagehide"
  | "unload"
  | "online"
  | "offline";

/** Given by runtimes that are put to sleep and woken; others have none. */
export interface Lifecycle {
  /**
   * Tell `listener` of every event from now on, and at once of `hidden` when it begins so. Disposing the handle ends that, and
   * leaves nothing behind.
   */
  watch(listener: (event: LifecycleEvent) => void): Disposable;
}
