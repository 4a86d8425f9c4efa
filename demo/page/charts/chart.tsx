import { effect, type ReadonlySignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { type TimeSeries, WINDOW_MS } from "../live/time-series.ts";
import { scheme } from "../shell/theme.ts";
import { Palette } from "./palette.ts";

export interface Line {
  /** Which column of the series; 0 are the times. */
  readonly column: number;
  /** A CSS colour, custom properties included. */
  readonly colour: string;
  /** Shade the area under the line. */
  readonly filled?: boolean;
}

interface ChartProps {
  readonly series: TimeSeries;
  /** Changes when the series has: then the chart draws. */
  readonly revision: ReadonlySignal<unknown>;
  readonly lines: readonly Line[];
  /** The top of the scale, given the highest value shown. The bottom is 0. */
  readonly top: (highest: number) => number;
  readonly format: (value: number) => string;
  /** Into how many equal steps the scale is divided. */
  readonly steps: number;
  /** CSS pixels. */
  readonly height: number;
  /** The ids of the texts that say what this shows and what it is now: the chart itself is a picture. */
  readonly labelledBy: string;
}

const AXIS_FONT = '11px "Inter Variable", system-ui, sans-serif';
const VALUE_AXIS_PX = 58;
const TIME_AXIS_PX = 24;
const TICKS_S = [-60, -45, -30, -15, 0] as const;

/** One minute of lines. Draws when the series changes, at most once per animation frame, and never when hidden. */
export function Chart(props: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const lineCount = props.lines.length;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const palette = new Palette(element);
    const plot = new uPlot(chartOptions(props, palette, element.clientWidth), chartData(props), element);
    const stopDrawing = effect(() => {
      props.revision.value;
      plot.setData(chartData(props));
    });
    const stopRecolouring = effect(() => {
      scheme.value;
      palette.forget();
      plot.redraw(false);
    });
    const resizes = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: props.height }));
    resizes.observe(element);
    return () => {
      resizes.disconnect();
      stopRecolouring();
      stopDrawing();
      plot.destroy();
    };
  }, [lineCount]);

  return (
    <div role="img" aria-labelledby={props.labelledBy} class="chart" style={{ height: `${props.height}px` }}>
      <div ref={host} aria-hidden="true" />
    </div>
  );
}

/** As many columns as lines, also before the first sample. */
function chartData({ series, lines }: ChartProps): uPlot.AlignedData {
  return [series.columns[0], ...lines.map(({ column }) => series.columns[column] ?? [])];
}

function chartOptions(
  { lines, top, format, steps, height }: ChartProps,
  palette: Palette,
  width: number,
): uPlot.Options {
  const axis = {
    stroke: () => palette.colour("var(--quiet)"),
    font: AXIS_FONT,
    ticks: { show: false },
    grid: { stroke: () => palette.colour("var(--line)"), width: 1 },
  };
  return {
    width,
    height,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: (_plot, _first, last) => [(last ?? 0) - WINDOW_MS, last ?? 0] },
      y: { range: (_plot, _lowest, highest) => [0, top(highest ?? 0)] },
    },
    axes: [
      {
        ...axis,
        size: TIME_AXIS_PX,
        grid: { show: false },
        splits: (plot) => TICKS_S.map((second) => (plot.scales.x?.max ?? 0) + second * 1_000),
        values: () => TICKS_S.map((second) => (second === 0 ? "now" : `${second} s`)),
      },
      {
        ...axis,
        size: VALUE_AXIS_PX,
        splits: (_plot, _axis, _bottom, highest) =>
          Array.from({ length: steps + 1 }, (_, step) => (highest * step) / steps),
        values: (_plot, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        stroke: () => palette.colour(line.colour),
        width: lines.length > 2 ? 1.25 : 1.75,
        points: { show: false },
        ...(line.filled && { fill: (plot: uPlot) => palette.fade(plot, line.colour) }),
      })),
    ],
  };
}
