import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { Emitter } from "./emitter.ts";

interface Events {
  word: string;
  error: unknown;
}

const NAMES = ["word", "error"] as const;

function emitter() {
  const reported: unknown[] = [];
  return { reported, events: new Emitter<Events>(NAMES, (error) => reported.push(error)) };
}

describe("Emitter", () => {
  it("calls listeners in order of registration, with the plain value", () => {
    const { events } = emitter();
    const heard: string[] = [];
    events.on("word", (word) => heard.push(`first ${word}`));
    events.on("word", (word) => heard.push(`second ${word}`));
    events.emit("word", "hello");
    expect(heard).toEqual(["first hello", "second hello"]);
  });

  it("takes the same function twice as two registrations, each ended by its own handle", () => {
    const { events } = emitter();
    let count = 0;
    const listener = (): void => void count++;
    const first = events.on("word", listener);
    const second = events.on("word", listener);
    events.emit("word", "");
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    events.emit("word", "");
    second[Symbol.dispose]();
    events.emit("word", "");
    expect([count, events.has("word")]).toEqual([3, false]);
  });

  it("ends a registration when its signal fires, and never begins one whose signal has", () => {
    const { events } = emitter();
    const heard: string[] = [];
    const controller = new AbortController();
    events.on("word", (word) => heard.push(word), { signal: controller.signal });
    events.emit("word", "before");
    controller.abort();
    events.emit("word", "after");
    events.on("word", (word) => heard.push(word), { signal: controller.signal });
    events.emit("word", "never");
    expect([heard, events.has("word")]).toEqual([["before"], false]);
  });

  it("does not call a listener that one before it has ended", () => {
    const { events } = emitter();
    const heard: string[] = [];
    events.on("word", () => second[Symbol.dispose]());
    const second = events.on("word", (word) => heard.push(word));
    events.emit("word", "hello");
    expect(heard).toEqual([]);
  });

  it("calls a listener registered by another only from the next event on", () => {
    const { events } = emitter();
    const heard: string[] = [];
    events.on("word", () => events.on("word", (word) => heard.push(word)));
    events.emit("word", "one");
    expect(heard).toEqual([]);
    events.emit("word", "two");
    expect(heard).toEqual(["two"]);
  });

  it("reports what a listener throws after the others have run", () => {
    const { events, reported } = emitter();
    const seen: unknown[] = [];
    const mistake = new Error("mine");
    events.on("word", () => {
      throw mistake;
    });
    events.on("word", () => seen.push([...reported]));
    events.emit("word", "hello");
    expect([seen, reported]).toEqual([[[]], [mistake]]);
  });

  it("does not report for ever when the listener of reports throws itself", () => {
    const heard: unknown[] = [];
    const events: Emitter<Events> = new Emitter(NAMES, (error) => events.emit("error", error));
    events.on("error", (error) => {
      heard.push(error);
      throw new Error("again");
    });
    events.on("word", () => {
      throw new Error("first");
    });
    events.emit("word", "hello");
    expect(heard).toEqual([new Error("first")]);
    events.emit("word", "once more");
    expect(heard).toHaveLength(2);
  });

  it("refuses a listener that is no function", () => {
    const { events } = emitter();
    expect(() => events.on("word", "listener" as never)).toThrow(
      new TypeError('on("word") needs a function as listener, got "listener"'),
    );
  });

  it("refuses an event there is not", () => {
    const { events } = emitter();
    expect(() => events.on("wrod" as never, () => {})).toThrow(
      new TypeError('there is no event "wrod"; there are word, error'),
    );
  });

  it("has nobody left after clear(), nor hangs on to a signal that lives on", () => {
    const { events } = emitter();
    const { signal } = new AbortController();
    events.on("word", () => expect.unreachable(), { signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    events.clear();
    expect(getEventListeners(signal, "abort")).toEqual([]);
    events.emit("word", "hello");
    expect(events.has("word")).toBe(false);
  });
});
