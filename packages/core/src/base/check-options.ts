/** @throws {TypeError} when `options` is no object, or has a name that is not in `known`. */
export function checkOptions(where: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw new TypeError(`the options of ${where} must be an object, got ${String(options)}`);
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new TypeError(`${where} has no option "${name}"; it has ${known.join(", ")}`);
  }
}

/** @throws {RangeError} unless `value` is a number from `least` to `most`. */
export function checkRange(name: string, value: unknown, least: number, most: number): asserts value is number {
  if (typeof value !== "number" || !(value >= least && value <= most)) throw new RangeError(`${name} must be a number from ${least} to ${most}, got ${String(value)}`);
}
