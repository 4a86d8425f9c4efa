/** The proxy a caller holds: methods become calls, awaited properties become reads. */
import type { AbortSignalLike } from "../base/platform.ts";

export interface CallOptions {
  /** Until the answer, in ms, 1 to 3 600 000. */
  readonly timeoutMs?: number;
  /** Gives up and tells the callee; the call rejects with the signal's reason. */
  readonly signal?: AbortSignalLike;
}

/** What crosses by value, as the caller sees it: methods answer with promises, properties are read by awaiting them. */
export type Remote<T> = RemoteMembers<T> & {
  /** The same object, with other options for the calls made through it. */
  $with(options: CallOptions): Remote<T>;
};

type RemoteMembers<T> = {
  readonly [Name in keyof T as Name extends string
    ? Name extends "then" | `_${string}` | `$${string}`
      ? never
      : Name
    : never]: T[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : RemoteProperty<T[Name]>;
};

/** Awaiting it reads the property; going deeper stays remote. */
export type RemoteProperty<T> = PromiseLike<Awaited<T>> &
  (T extends readonly unknown[] | Date | Uint8Array ? unknown : T extends object ? RemoteMembers<T> : unknown);

export type Invoke = (
  path: readonly string[],
  args: readonly unknown[] | null,
  options: CallOptions,
) => Promise<unknown>;

/** Members that never travel: what the language and its tools ask of any object. */
const LOCAL_NAMES: ReadonlySet<string> = new Set([
  "toJSON",
  "constructor",
  "prototype",
  "inspect",
  "nodeType",
  "$$typeof",
  "asymmetricMatch",
]);

/** @param withOptions Replaces the options of a root. */
export function remoteRoot<T>(
  invoke: Invoke,
  options: CallOptions,
  withOptions: (options: CallOptions) => CallOptions,
): Remote<T> {
  return new Proxy(Object.create(null) as object, {
    get: (_target, name) => {
      if (name === Symbol.toPrimitive) return () => "[remote object]";
      // A root is not thenable: it can be returned from an async function as it is.
      if (typeof name === "symbol" || name === "then" || LOCAL_NAMES.has(name)) return undefined;
      if (name === "$with")
        return (more: CallOptions) => remoteRoot<T>(invoke, withOptions({ ...options, ...more }), withOptions);
      return member(invoke, [name], options);
    },
    set: (_target, name) => {
      throw new TypeError(`a remote property cannot be assigned ("${String(name)}"); call a method that changes it`);
    },
  }) as Remote<T>;
}

function member(invoke: Invoke, path: readonly string[], options: CallOptions): unknown {
  return new Proxy(function remote() {} as object, {
    get: (_target, name) => {
      if (name === Symbol.toPrimitive) return () => `[remote ${path.join(".")}]`;
      if (typeof name === "symbol" || LOCAL_NAMES.has(name)) return undefined;
      if (name === "then") {
        return (resolve: (value: unknown) => unknown, reject: (reason: unknown) => unknown) =>
          invoke(path, null, options).then(resolve, reject);
      }
      return member(invoke, [...path, name], options);
    },
    apply: (_target, _this, args: unknown[]) => invoke(path, args, options),
    set: (_target, name) => {
      throw new TypeError(
        `a remote property cannot be assigned ("${[...path, String(name)].join(".")}"); call a method that changes it`,
      );
    },
  });
}
