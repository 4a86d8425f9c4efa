/** The little statistics that repeated measurements need. */

export interface Summary {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * The value below which the fraction `q` of `values` lies, interpolated between its two neighbours.
 * @param q 0 to 1: 0 gives the lowest value, 0.5 the median, 1 the highest.
 * @throws {RangeError} when there are no values.
 */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError("a quantile of no values");
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}

/** @throws {RangeError} when there are no values. */
export function summarize(values: readonly number[]): Summary {
  return { median: quantile(values, 0.5), lowest: quantile(values, 0), highest: quantile(values, 1) };
}

/** Half the distance from the lowest to the highest, as a fraction of the median: 0.05 reads "within 5 %". */
export function spread({ median, lowest, highest }: Summary): number {
  return (highest - lowest) / 2 / median;
}
