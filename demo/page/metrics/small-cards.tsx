import { Chart } from "../charts/chart.tsx";
import { topOfLoad, topOfTraffic } from "../charts/scale-top.ts";
import { bytes, bytesPerSecond, percent } from "../format.ts";
import type { Feed } from "./feed.ts";
import { MetricCard, Reading } from "./metric-card.tsx";

const CHART_PX = 132;

export function MemoryCard({ memory }: { readonly memory: Feed<"machine/memory"> }) {
  return (
    <MetricCard id="memory" title="Memory" feed={memory} class="span-4">
      <MemoryReading memory={memory} />
      <Chart
        series={memory.series}
        revision={memory.latest}
        lines={[{ column: 1, colour: "var(--memory)", filled: true }]}
        top={() => memory.latest.peek()?.totalBytes ?? 1}
        format={bytes}
        steps={2}
        height={CHART_PX}
        labelledBy="memory-title memory-value"
      />
    </MetricCard>
  );
}

function MemoryReading({ memory }: { readonly memory: Feed<"machine/memory"> }) {
  const sample = memory.latest.value;
  return (
    <>
      <Reading id="memory" value={sample?.usedBytes} sampledAt={sample?.sampledAt} format={bytes} />
      <p class="detail">
        {sample ? `${percent((100 * sample.usedBytes) / sample.totalBytes)} of ${bytes(sample.totalBytes)}` : "–"}
      </p>
    </>
  );
}

export function LoadCard({ load }: { readonly load: Feed<"machine/load"> }) {
  return (
    <MetricCard id="load" title="Load" feed={load} class="span-4">
      <LoadReading load={load} />
      <Chart
        series={load.series}
        revision={load.latest}
        lines={[{ column: 1, colour: "var(--load)", filled: true }]}
        top={topOfLoad}
        format={(value) => String(value)}
        steps={2}
        height={CHART_PX}
        labelledBy="load-title load-value"
      />
    </MetricCard>
  );
}

function LoadReading({ load }: { readonly load: Feed<"machine/load"> }) {
  const sample = load.latest.value;
  return (
    <>
      <Reading id="load" value={sample?.oneMinute} sampledAt={sample?.sampledAt} format={(value) => value.toFixed(2)} />
      <p class="detail">
        {sample ? `5 min ${sample.fiveMinutes.toFixed(2)} · 15 min ${sample.fifteenMinutes.toFixed(2)}` : "–"}
      </p>
    </>
  );
}

export function NetworkCard({ network }: { readonly network: Feed<"machine/network"> }) {
  return (
    <MetricCard id="network" title="Network" feed={network} class="span-4">
      <NetworkReading network={network} />
      <Chart
        series={network.series}
        revision={network.latest}
        lines={[
          { column: 1, colour: "var(--network-in)", filled: true },
          { column: 2, colour: "var(--network-out)" },
        ]}
        top={topOfTraffic}
        format={bytes}
        steps={2}
        height={CHART_PX}
        labelledBy="network-title network-in-value network-out-value"
      />
    </MetricCard>
  );
}

function NetworkReading({ network }: { readonly network: Feed<"machine/network"> }) {
  const sample = network.latest.value;
  const sampledAt = sample?.sampledAt;
  return (
    <>
      <div class="readings">
        <Reading
          id="network-in"
          label="in"
          value={sample?.inBytesPerSecond}
          sampledAt={sampledAt}
          format={bytesPerSecond}
        />
        <Reading
          id="network-out"
          label="out"
          value={sample?.outBytesPerSecond}
          sampledAt={sampledAt}
          format={bytesPerSecond}
        />
      </div>
      <p class="detail">{sample ? sample.interfaces.join(", ") : "–"}</p>
    </>
  );
}
