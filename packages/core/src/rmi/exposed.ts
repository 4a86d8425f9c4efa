/** What this node lets others call: own members of exposed objects and methods of their classes, nothing inherited from the language. */
import { show } from "../base/check-options.ts";
import { isGlobal } from "../base/platform.ts";

export interface ExposeOptions {
  /** The only members others may reach on the object itself, by name. Default: every public method and own property. */
  readonly methods?: readonly string[];
}

/** A member found, with the object it is to be called on. */
export interface Member {
  readonly owner: object;
  readonly value: unknown;
}

export class Exposed {
  readonly target: object;
  readonly #methods: ReadonlySet<string> | undefined;

  constructor(target: object, options: ExposeOptions) {
    const { methods } = options;
    if (methods !== undefined && !(Array.isArray(methods) && methods.every((name) => typeof name === "string")))
      throw new TypeError(`methods must be a list of names, got ${show(methods)}`);
    this.target = target;
    this.#methods = options.methods && new Set(options.methods);
  }

  /** What `path` leads to; undefined where nothing is exposed, whichever step was wrong. */
  find(path: readonly string[]): Member | undefined {
    if (path.length === 0) return undefined; // the object itself never crosses, only what it lets be reached
    let owner = this.target;
    let value: unknown = this.target;
    if (this.#methods && !this.#methods.has(path[0]!)) return undefined;
    for (const name of path) {
      if (typeof value !== "object" || value === null || !isReachable(value, name)) return undefined;
      owner = value;
      value = (value as Record<string, unknown>)[name];
    }
    return { owner, value };
  }
}

/** Own data properties, and methods of the object's classes. Never accessors, `_` or `#` names, or what every object inherits. */
function isReachable(object: object, name: string): boolean {
  if (name === "constructor" || name === "__proto__" || name.startsWith("_") || name.startsWith("#")) return false;
  const own = Object.getOwnPropertyDescriptor(object, name);
  if (own) return "value" in own;
  let prototype: object | null = Object.getPrototypeOf(object);
  // Arrays, maps, dates and the like are values, not services: their built-in methods stay out of reach.
  for (; prototype && !isBuiltIn(prototype); prototype = Object.getPrototypeOf(prototype)) {
    const inherited = Object.getOwnPropertyDescriptor(prototype, name);
    if (inherited) return typeof inherited.value === "function";
  }
  return false;
}

/** Prototypes judged before: finding out takes the source text of a constructor. */
const builtIn = new WeakMap<object, boolean>();

function isBuiltIn(prototype: object): boolean {
  let is = builtIn.get(prototype);
  if (is === undefined) builtIn.set(prototype, (is = judge(prototype)));
  return is;
}

/** A prototype whose constructor is the language's or the platform's own; some of Node's are written in JavaScript. */
function judge(prototype: object): boolean {
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof made !== "function") return true;
  const isEventEmitter = (made as { EventEmitter?: unknown }).EventEmitter === made;
  return isEventEmitter || isGlobal(String(made.name), made) || NATIVE.test(Function.prototype.toString.call(made));
}

const NATIVE = /\{\s*\[native code\]\s*\}\s*$/;
