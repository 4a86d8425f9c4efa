import type { LifecycleEvent } from "@chaski/core";
import { describe, expect, it } from "vitest";
import { pageLifecycle } from "./page-lifecycle.ts";

/** A target that knows what is listened for. */
class Target extends EventTarget {
  readonly listening: string[] = [];
  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    this.listening.push(args[0]);
    super.addEventListener(...args);
  }
  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    this.listening.splice(this.listening.indexOf(args[0]), 1);
    super.removeEventListener(...args);
  }
}

function watch(hidden = false) {
  const document = Object.assign(new Target(), { hidden });
  const window = Object.assign(new Target(), { document });
  const told: LifecycleEvent[] = [];
  const handle = pageLifecycle(window).watch((event) => void told.push(event));
  return { window, document, told, handle };
}

describe("pageLifecycle()", () => {
  it("tells what happens to a page in its own words", () => {
    const { window, document, told } = watch();
    const turn = (hidden: boolean): void => {
      document.hidden = hidden;
      document.dispatchEvent(new Event("visibilitychange"));
    };
    window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: false }));
    turn(true);
    document.dispatchEvent(new Event("freeze"));
    document.dispatchEvent(new Event("resume"));
    window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
    turn(false);
    window.dispatchEvent(new Event("offline"));
    window.dispatchEvent(new Event("online"));
    window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
    window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
    window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: false }));
    expect(told).toEqual([
      ...["hidden", "freeze", "resume", "resume", "visible"],
      ...["offline", "online", "pagehide", "pageshow", "unload"],
    ]);
  });

  it("tells at once that a page begins hidden", () => {
    expect([watch(true).told, watch(false).told]).toEqual([["hidden"], []]);
  });

  it("leaves nothing behind when its handle is disposed", () => {
    const { window, document, told, handle } = watch();
    expect([window.listening.sort(), document.listening.sort()]).toEqual([
      ["offline", "online", "pagehide", "pageshow"],
      ["freeze", "resume", "visibilitychange"],
    ]);
    handle[Symbol.dispose]();
    handle[Symbol.dispose]();
    expect([window.listening, document.listening]).toEqual([[], []]);
    window.dispatchEvent(new Event("online"));
    expect(told).toEqual([]);
  });

  it("needs no document, as in a worker", () => {
    const worker = new Target();
    const told: LifecycleEvent[] = [];
    pageLifecycle(worker).watch((event) => void told.push(event));
    worker.dispatchEvent(new Event("online"));
    expect(told).toEqual(["online"]);
  });

  it("hears the page's own events", () => {
    const told: LifecycleEvent[] = [];
    const handle = pageLifecycle().watch((event) => void told.push(event));
    globalThis.dispatchEvent(new Event("offline"));
    document.dispatchEvent(new Event("resume"));
    handle[Symbol.dispose]();
    globalThis.dispatchEvent(new Event("online"));
    expect(told).toEqual(["offline", "resume"]);
  });
});
