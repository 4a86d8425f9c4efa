import { describe, expect, it } from "vitest";
import { samePlain, Watcher, Watches } from "./watch.ts";

function watched<T>(first: T | undefined) {
  let value = first;
  let reads = 0;
  let closed = 0;
  const watcher = new Watcher<T>({
    read: () => {
      reads++;
      return value;
    },
    same: samePlain,
    onClose: () => closed++,
  });
  const set = (next: T): void => {
    value = next;
    watcher.changed();
  };
  return { watcher, set, reads: () => reads, closed: () => closed };
}

describe("Watcher", () => {
  it("gives the value now, then each change", async () => {
    const { watcher, set } = watched(1);
    const reader = watcher[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    const next = reader.next();
    set(2);
    expect(await next).toEqual({ done: false, value: 2 });
  });

  it("gives a slow reader the newest alone, and computes nothing that nobody reads", async () => {
    const { watcher, set, reads } = watched(0);
    const reader = watcher[Symbol.asyncIterator]();
    await reader.next();
    for (let i = 1; i <= 1_000; i++) set(i);
    expect(await reader.next()).toEqual({ done: false, value: 1_000 });
    expect(reads()).toBe(2);
  });

  it("waits for a first value, and passes over changes that say the same", async () => {
    const { watcher, set } = watched<object>(undefined);
    const reader = watcher[Symbol.asyncIterator]();
    const first = reader.next();
    set({ a: 1 });
    expect(await first).toEqual({ done: false, value: { a: 1 } });
    const second = reader.next();
    set({ a: 1 });
    set({ a: 2 });
    expect(await second).toEqual({ done: false, value: { a: 2 } });
  });

  it("ends its loop when it is closed, and is closed by whoever leaves the loop", async () => {
    const one = watched(1);
    const reader = one.watcher[Symbol.asyncIterator]();
    await reader.next();
    const waiting = reader.next();
    one.watcher.close();
    one.watcher.close();
    expect([await waiting, await reader.next()]).toEqual(Array(2).fill({ done: true, value: undefined }));
    expect(one.closed()).toBe(1);

    const other = watched(1);
    for await (const value of other.watcher) if (value === 1) break;
    expect(other.closed()).toBe(1);

    const third = watched(1);
    {
      using disposed = third.watcher;
      expect(await disposed[Symbol.asyncIterator]().next()).toEqual({ done: false, value: 1 });
    }
    expect(third.closed()).toBe(1);
  });

  it("throws for a second reader", () => {
    const { watcher } = watched(1);
    watcher[Symbol.asyncIterator]();
    expect(() => watcher[Symbol.asyncIterator]()).toThrow(TypeError);
  });
});

describe("Watches", () => {
  it("tells every open one of a change, and closes them all", async () => {
    let value = 1;
    const watches = new Watches<number>({ read: () => value, same: Object.is });
    const readers = [watches.open(), watches.open()].map((watch) => watch[Symbol.asyncIterator]());
    const read = async (): Promise<unknown> => Promise.all(readers.map(async (reader) => (await reader.next()).value));
    expect(await read()).toEqual([1, 1]);
    value = 2;
    watches.changed();
    expect(await read()).toEqual([2, 2]);
    watches.close();
    expect(await read()).toEqual([undefined, undefined]);
  });
});
