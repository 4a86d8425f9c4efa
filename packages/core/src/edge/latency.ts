/** Round trip of one edge, smoothed with forgetting: half of every estimate is the newest sample. */

/** Weight of a new sample. A step from 5 to 50 ms reads 48.6 ms after five samples, whatever the edge's age. */
const WEIGHT = 0.5;

export class Latency {
  /** Smoothed round trip in ms; undefined before the first sample. */
  roundTripMs: number | undefined;
  /** Smoothed distance of samples from the estimate, in ms. */
  jitterMs = 0;

  /** @param sampleMs A measured round trip, 0 or more. */
  add(sampleMs: number): void {
    if (this.roundTripMs === undefined) {
      this.roundTripMs = sampleMs;
      return;
    }
    this.jitterMs += (Math.abs(sampleMs - this.roundTripMs) - this.jitterMs) * WEIGHT;
    this.roundTripMs += (sampleMs - this.roundTripMs) * WEIGHT;
  }
}
