import type { MeshNode } from "@chaski/core";
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Topics } from "../../contract.ts";
import { onNextFrame } from "../live/frame.ts";
import { now } from "../live/heartbeat.ts";
import { TimeSeries } from "../live/time-series.ts";

/** A value is marked as old when this many more were due, and at least so long ago: the dashboard does not pretend. */
const STALE_AFTER_PERIODS = 3;
const STALE_AFTER_MS = 2_000;

/** One topic: its newest sample, and the last minute of it as lines. */
export class Feed<Topic extends keyof Topics & string> {
  readonly series = new TimeSeries();
  /** The newest sample, as of this animation frame. */
  readonly latest: ReadonlySignal<Topics[Topic] | undefined>;
  /** By this page's clock. */
  #arrivedAt: number | undefined;
  /** Milliseconds between the two newest samples. */
  #periodMs = 0;

  /** @param lines What of a sample is drawn. */
  constructor(node: MeshNode, topic: Topic, lines: (sample: Topics[Topic]) => readonly number[]) {
    const latest = signal<Topics[Topic] | undefined>(undefined);
    this.latest = latest;
    let newest: Topics[Topic] | undefined;
    const show = (): void => {
      latest.value = newest;
    };
    node.subscribe<Topics[Topic]>(topic, { overflow: "drop-oldest" }, ({ data }) => {
      if (newest) this.#periodMs = data.sampledAt - newest.sampledAt;
      newest = data;
      this.#arrivedAt = Date.now();
      this.series.push(data.sampledAt, lines(data));
      onNextFrame(show);
    });
  }

  /** How old the newest sample is, in milliseconds, if that is too old to be called live. Changes once per second. */
  staleForMs(): number | undefined {
    // Read in any case: what is drawn follows only what it has read.
    const nowMs = now.value;
    const ageMs = this.#arrivedAt === undefined ? 0 : nowMs - this.#arrivedAt;
    return ageMs > Math.max(STALE_AFTER_MS, this.#periodMs * STALE_AFTER_PERIODS) ? ageMs : undefined;
  }
}
