/** The proxy a caller holds: methods become calls, awaited properties become reads. */
import type { AbortSignalLike } from "../base/platform.ts";

export interface CallOptions {
  /** Until the answer, in ms, 1 to 3 600 000. Default 10 000. */
  readonly timeoutMs?: number;
  /** Gives up and tells the callee; the call rejects with the signal's reason. */
  readonly signal?: AbortSignalLike;
}

/**
 * What crosses by value, as the caller sees it: methods answer with promises, properties are read by awaiting them.
 * Members that the language and its tools ask of any object never travel, whatever the callee has by that name: `then`
 * of the object itself, `toJSON`, `constructor`, `prototype`, `inspect`, `nodeType`, `asymmetricMatch`, and symbols.
 */
export type Remote<T> = RemoteMembers<T> & {
  /** The same object, with other options for the calls made through it. */
  $with(options: CallOptions): Remote<T>;
};

type RemoteMembers<T> = {
  readonly [Name in keyof T as Name extends string
    ? Name extends "then" | (typeof LOCAL_NAMES)[number] | `_${string}` | `$${string}`
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
const LOCAL_NAMES = [
  "toJSON",
  "constructor",
  "prototype",
  "inspect",
  "nodeType",
  "$$typeof",
  "asymmetricMatch",
] as const;
const isLocal: ReadonlySet<string> = new Set(LOCAL_NAMES);

/** Members a remote keeps for when they are asked for again; beyond, they are made anew. */
const KEPT_MEMBERS = 256;

/** @param withOptions Replaces the options of a root. */
export function remoteRoot<T>(
  invoke: Invoke,
  options: CallOptions,
  withOptions: (options: CallOptions) => CallOptions,
): Remote<T> {
  return new Proxy(Object.create(null) as object, new Root(invoke, options, withOptions)) as Remote<T>;
}

/** What the language does with a remote's member, as the handler of its proxy. */
class Member implements ProxyHandler<object> {
  readonly #invoke: Invoke;
  readonly #path: readonly string[];
  readonly #options: CallOptions;
  readonly #members = new Map<string, unknown>();

  constructor(invoke: Invoke, path: readonly string[], options: CallOptions) {
    this.#invoke = invoke;
    this.#path = path;
    this.#options = options;
  }

  get(_target: object, name: string | symbol): unknown {
    if (name === Symbol.toPrimitive) return () => `[remote ${this.#path.join(".") || "object"}]`;
    if (typeof name === "symbol" || isLocal.has(name)) return undefined;
    if (name === "then") {
      return (resolve: (value: unknown) => unknown, reject: (reason: unknown) => unknown) =>
        this.#invoke(this.#path, null, this.#options).then(resolve, reject);
    }
    let member = this.#members.get(name);
    if (!member) {
      // An arrow function: nothing of its own is in the way of what the remote has, and it is no constructor.
      member = new Proxy(() => {}, new Member(this.#invoke, [...this.#path, name], this.#options));
      if (this.#members.size < KEPT_MEMBERS) this.#members.set(name, member);
    }
    return member;
  }

  apply(_target: object, _this: unknown, args: unknown[]): Promise<unknown> {
    return this.#invoke(this.#path, args, this.#options);
  }

  set(_target: object, name: string | symbol): never {
    throw new TypeError(
      `a remote property cannot be assigned ("${[...this.#path, String(name)].join(".")}"); call a method that changes it`,
    );
  }
}

class Root extends Member {
  readonly #with: (more: CallOptions) => unknown;

  constructor(invoke: Invoke, options: CallOptions, withOptions: (options: CallOptions) => CallOptions) {
    super(invoke, [], options);
    this.#with = (more) => remoteRoot(invoke, withOptions({ ...options, ...more }), withOptions);
  }

  override get(target: object, name: string | symbol): unknown {
    // A root is not thenable: it can be returned from an async function as it is.
    if (name === "then") return undefined;
    return name === "$with" ? this.#with : super.get(target, name);
  }
}
