import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { type CallOptions, type Remote, remoteRoot } from "./remote.ts";

interface Calculator {
  settings: { precision: number; limits: { high: number } };
  add(a: number, b: number): number;
  memory: { clear(): void };
}

/** A remote, and what was sent through it. */
function scene() {
  const sent: unknown[] = [];
  const answer = { value: "answer" as unknown };
  const invoke = (path: readonly string[], args: readonly unknown[] | null, options: CallOptions): Promise<unknown> => {
    sent.push([path.join("."), args, options]);
    return answer.value instanceof Error ? Promise.reject(answer.value) : Promise.resolve(answer.value);
  };
  const remote = remoteRoot<Calculator>(invoke, {}, (options) => options);
  return { sent, answer, remote };
}

describe("a remote", () => {
  it("makes a call of a method, at any depth", async () => {
    const { sent, remote } = scene();
    expect(await remote.add(2, 3)).toBe("answer");
    await remote.memory.clear();
    expect(sent).toEqual([
      ["add", [2, 3], {}],
      ["memory.clear", [], {}],
    ]);
  });

  it("reads a property when it is awaited, each time anew", async () => {
    const { sent, remote } = scene();
    const property = remote.settings.limits.high;
    expect(sent).toEqual([]);
    expect([await property, await property]).toEqual(["answer", "answer"]);
    expect(sent).toEqual([
      ["settings.limits.high", null, {}],
      ["settings.limits.high", null, {}],
    ]);
  });

  it("rejects with what the callee answered", async () => {
    const { answer, remote } = scene();
    answer.value = new RangeError("no");
    await expect(remote.add(1, 2)).rejects.toThrow("no");
    await expect(Promise.resolve(remote.settings.precision)).rejects.toThrow("no");
  });

  it("is not thenable itself: it passes through async functions as it is", async () => {
    const { sent, remote } = scene();
    const passed = await (async () => remote)();
    expect(passed).toBe(remote);
    expect((remote as unknown as { then: unknown }).then).toBeUndefined();
    expect(sent).toEqual([]);
  });

  it("sends nothing for what the language and its tools ask of any object", () => {
    const { sent, remote } = scene();
    const anything = remote as unknown as Record<string, unknown>;
    for (const name of ["toJSON", "constructor", "prototype", "inspect", "nodeType", "$$typeof", "asymmetricMatch"]) {
      expect(anything[name], name).toBeUndefined();
      expect((anything.settings as Record<string, unknown>)[name], `settings.${name}`).toBeUndefined();
    }
    expect(JSON.stringify({ remote })).toBe('{"remote":{}}');
    expect(inspect(remote)).toBe("[Object: null prototype] {}");
    expect(Object.keys(remote)).toEqual([]);
    expect(["add" in remote, remote instanceof Object]).toEqual([false, false]);
    for (const symbol of [Symbol.iterator, Symbol.asyncIterator, Symbol.toStringTag, Symbol.dispose]) {
      expect((remote as unknown as Record<symbol, unknown>)[symbol]).toBeUndefined();
    }
    expect(sent).toEqual([]);
  });

  it("sends nothing when it is made a text, and says what it is", () => {
    const { sent, remote } = scene();
    expect([`${remote}`, `${remote.settings.limits}`]).toEqual(["[remote object]", "[remote settings.limits]"]);
    expect(sent).toEqual([]);
  });

  it("refuses to be assigned to, and names what was", () => {
    const { remote } = scene();
    expect(() => {
      (remote as unknown as Record<string, unknown>).a = 1;
    }).toThrow(new TypeError('a remote property cannot be assigned ("a"); call a method that changes it'));
    expect(() => {
      (remote.settings as unknown as Record<string, unknown>).precision = 1;
    }).toThrow('("settings.precision")');
  });

  it("calls with other options through $with, checked at once, and keeps its own", async () => {
    const sent: unknown[] = [];
    const invoke = async (_path: unknown, _args: unknown, options: CallOptions): Promise<void> =>
      void sent.push(options);
    const check = (options: CallOptions): CallOptions => {
      if (options.timeoutMs === 0) throw new RangeError("too short");
      return options;
    };
    const remote: Remote<Calculator> = remoteRoot<Calculator>(invoke, { timeoutMs: 5 }, check);
    const { signal } = new AbortController();
    await remote.$with({ signal }).add(1, 2);
    await remote.$with({ timeoutMs: 9 }).$with({ signal }).settings.precision;
    await remote.add(1, 2);
    expect(sent).toEqual([{ timeoutMs: 5, signal }, { timeoutMs: 9, signal }, { timeoutMs: 5 }]);
    expect(() => remote.$with({ timeoutMs: 0 })).toThrow("too short");
  });
});
