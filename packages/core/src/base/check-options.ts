/** Checks of what users give, and how a wrong value is shown to them. */

import type { AbortSignalLike } from "./platform.ts";

/** `value` for the message of an error: short, and without running anything of its own. */
export function show(value: unknown): string {
  const shown = shownWhole(value);
  return shown.length > 80 ? `${shown.slice(0, 77)}...` : shown;
}

function shownWhole(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : "an object";
    default:
      return String(value);
  }
}

/** @throws {TypeError} when `options` is no object, or has a name that is not in `known`. */
export function checkOptions(where: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`the options of ${where} must be an object, got ${show(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new TypeError(`${where} has no option "${name}"; it has ${known.join(", ")}`);
  }
}

/** @throws {RangeError} unless `value` is a number from `least` to `most`. */
export function checkRange(name: string, value: unknown, least: number, most: number): asserts value is number {
  if (typeof value !== "number" || !(value >= least && value <= most)) {
    throw new RangeError(`${name} must be a number from ${least} to ${most}, got ${show(value)}`);
  }
}

/** @throws {TypeError} unless `value` is absent or true or false. */
export function checkFlag(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean")
    throw new TypeError(`${name} must be true or false, got ${show(value)}`);
}

/** @throws {TypeError} unless `value` is absent or an AbortSignal. */
export function checkSignal(value: unknown): void {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignalLike>;
  if (value !== undefined && !(typeof aborted === "boolean" && typeof addEventListener === "function")) {
    throw new TypeError(`signal must be an AbortSignal, got ${show(value)}`);
  }
}
