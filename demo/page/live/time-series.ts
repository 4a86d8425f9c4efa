/** Points older than this many milliseconds before the newest are forgotten. */
export const WINDOW_MS = 60_000;
/** The bound, should samples come faster than one would draw them. */
const MAX_POINTS = 2_048;
/** Forget in batches, so that a point costs the same whether the window is full or not. */
const SLACK_POINTS = 256;
/** A pause this many times longer than the one before it is shown as a hole in the line, not as a slope. */
const HOLE_FACTOR = 4;
const HOLE_AT_LEAST_MS = 2_000;

/** The newest minute of one or more lines over the same times: columns in the shape the charts read. */
export class TimeSeries {
  /** First the times, then one array per line; `null` is a hole. */
  readonly columns: [number[], ...(number | null)[][]] = [[]];
  #stepMs = Number.POSITIVE_INFINITY;

  /** The time of the newest point, or `undefined` before the first. */
  get lastAt(): number | undefined {
    return this.columns[0].at(-1);
  }

  /** @param at Milliseconds; a point that is not newer than the last is left out. */
  push(at: number, values: readonly number[]): void {
    const lastAt = this.lastAt;
    if (lastAt !== undefined) {
      if (at <= lastAt) return;
      const stepMs = at - lastAt;
      if (stepMs > Math.max(HOLE_AT_LEAST_MS, this.#stepMs * HOLE_FACTOR)) this.#append(at - 1, []);
      this.#stepMs = stepMs;
    }
    this.#append(at, values);
    this.#forget(at - WINDOW_MS);
  }

  /** The extremes of one column, or `undefined` before the first point. */
  range(column: number): { lowest: number; highest: number } | undefined {
    const from = (this.lastAt ?? 0) - WINDOW_MS;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = Number.NEGATIVE_INFINITY;
    for (const [index, at] of this.columns[0].entries()) {
      const value = this.columns[column]?.[index];
      if (at < from || value === null || value === undefined) continue;
      lowest = Math.min(lowest, value);
      highest = Math.max(highest, value);
    }
    return lowest <= highest ? { lowest, highest } : undefined;
  }

  #append(at: number, values: readonly number[]): void {
    const [times, ...lines] = this.columns;
    while (lines.length < values.length) {
      const line = new Array<number | null>(times.length).fill(null);
      lines.push(line);
      this.columns.push(line);
    }
    times.push(at);
    for (const [index, line] of lines.entries()) line.push(values[index] ?? null);
  }

  #forget(before: number): void {
    const times = this.columns[0];
    // One point before the window stays, so that the line enters the chart at its edge.
    const old = times.findIndex((at) => at >= before) - 1;
    const surplus = Math.max(old, times.length - MAX_POINTS);
    if (surplus < SLACK_POINTS) return;
    for (const column of this.columns) column.splice(0, surplus);
  }
}
