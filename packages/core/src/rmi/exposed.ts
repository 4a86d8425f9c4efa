/** What this node lets others call: own members of exposed objects and methods of their classes, nothing inherited from the language. */
import { MeshError } from "../base/errors.ts";

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
    this.target = target;
    this.#methods = options.methods && new Set(options.methods);
  }

  /** @throws {MeshError} `no-responder` when `path` leads nowhere that is exposed; it does not tell which step was wrong. */
  find(path: readonly string[]): Member {
    let owner = this.target;
    let value: unknown = this.target;
    for (const [depth, name] of path.entries()) {
      if (depth === 0 && this.#methods && !this.#methods.has(name)) throw notExposed(path);
      if (typeof value !== "object" || value === null || !isReachable(value, name)) throw notExposed(path);
      owner = value;
      value = (value as Record<string, unknown>)[name];
    }
    return { owner, value };
  }
}

function notExposed(path: readonly string[]): MeshError {
  return new MeshError("no-responder", `"${path.join(".").slice(0, 200)}" is not exposed`);
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

/** A prototype whose constructor is the language's or the platform's own. */
function isBuiltIn(prototype: object): boolean {
  const made = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof made !== "function" || /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(made));
}
