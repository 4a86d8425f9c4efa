import { Chart } from "../charts/chart.tsx";
import { topOfPercent } from "../charts/scale-top.ts";
import { percent } from "../format.ts";
import type { Feed } from "./feed.ts";
import { MetricCard, Reading } from "./metric-card.tsx";

type CpuProps = { readonly cpu: Feed<"machine/cpu"> };

const CHART_PX = 200;

const axisPercent = (value: number): string => `${value} %`;

export function CpuCard({ cpu }: CpuProps) {
  return (
    <MetricCard id="cpu" title="CPU" feed={cpu} class="span-6">
      <CpuReading cpu={cpu} />
      <Chart
        series={cpu.series}
        revision={cpu.latest}
        lines={[{ column: 1, colour: "var(--cpu)", filled: true }]}
        top={topOfPercent}
        format={axisPercent}
        steps={4}
        height={CHART_PX}
        labelledBy="cpu-title cpu-value"
      />
    </MetricCard>
  );
}

function CpuReading({ cpu }: CpuProps) {
  const sample = cpu.latest.value;
  const range = cpu.series.range(1);
  return (
    <>
      <Reading id="cpu" value={sample?.percent} sampledAt={sample?.sampledAt} format={percent} />
      <p class="detail">{range ? `${percent(range.lowest)} to ${percent(range.highest)} in the last minute` : "–"}</p>
    </>
  );
}

export function CoresCard({ cpu }: CpuProps) {
  return (
    <MetricCard id="cores" title="CPU by core" feed={cpu} class="span-6">
      <CoreList cpu={cpu} />
      <CoreChart cpu={cpu} />
    </MetricCard>
  );
}

/** The current value of each core, as text and as a bar. */
function CoreList({ cpu }: CpuProps) {
  const cores = cpu.latest.value?.cores ?? [];
  return (
    <ul class="cores" id="cores-values" aria-label="Current load by core" tabIndex={cores.length > 16 ? 0 : undefined}>
      {cores.map((value, core) => (
        <li key={core} class="core" style={{ "--share": value / 100, "--core": coreColour(core, cores.length) }}>
          <span class="quiet">{core}</span>
          <span data-testid={`metric-core-${core}`} data-value={value}>
            {percent(value)}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Reads only how many cores there are, so that it is made anew when that changes and not with every sample. */
function CoreChart({ cpu }: CpuProps) {
  const count = cpu.latest.value?.cores.length ?? 0;
  return (
    <Chart
      series={cpu.series}
      revision={cpu.latest}
      lines={Array.from({ length: count }, (_, core) => ({ column: core + 2, colour: coreColour(core, count) }))}
      top={topOfPercent}
      format={axisPercent}
      steps={4}
      height={CHART_PX}
      labelledBy="cores-title cores-values"
    />
  );
}

/** Spread over the two ends of the palette's ramp. */
function coreColour(core: number, count: number): string {
  const share = count > 1 ? Math.round((core / (count - 1)) * 100) : 0;
  return `color-mix(in oklch, var(--ramp-end) ${share}%, var(--ramp-start))`;
}
