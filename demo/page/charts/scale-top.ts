/** The least value of the form 1, 2 or 5 times a power of `base` that is not below `value`. */
function niceAbove(value: number, base: number): number {
  const power = base ** Math.floor(Math.log(value) / Math.log(base));
  for (const step of [1, 2, 5]) if (power * step >= value) return power * step;
  return power * 10;
}

/** Tops for percentages. */
export function topOfPercent(): number {
  return 100;
}

/** Room above the highest load; at least one core's worth. */
export function topOfLoad(highest: number): number {
  return niceAbove(Math.max(1, highest * 1.1), 10);
}

const LEAST_TRAFFIC = 10 * 1024;

/** The next power of two, so that the scale rests while traffic varies. */
export function topOfTraffic(highest: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(LEAST_TRAFFIC, highest * 1.1)));
}
