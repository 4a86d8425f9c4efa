import { bytes, percent } from "../format.ts";
import type { Feed } from "./feed.ts";
import { MetricCard } from "./metric-card.tsx";

/** As many as a sample names: the table has its height before the first one. */
const ROWS = Array.from({ length: 8 }, (_, row) => row);

export function ProcessCard({ processes }: { readonly processes: Feed<"machine/processes"> }) {
  return (
    <MetricCard id="processes" title="Processes" feed={processes} class="span-5">
      <ProcessTable processes={processes} />
    </MetricCard>
  );
}

function ProcessTable({ processes }: { readonly processes: Feed<"machine/processes"> }) {
  const sample = processes.latest.value;
  return (
    <>
      <p class="detail">
        <span data-testid="metric-processes" data-value={sample?.count} data-sampled-at={sample?.sampledAt}>
          {sample ? sample.count : "–"}
        </span>{" "}
        in all, {sample ? sample.running : "–"} running; the busiest:
      </p>
      <table class="processes" data-testid="processes">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" class="number">
              PID
            </th>
            <th scope="col" class="number">
              CPU
            </th>
            <th scope="col" class="number">
              Memory
            </th>
          </tr>
        </thead>
        <tbody>
          {ROWS.map((row) => {
            const process = sample?.top[row];
            return (
              <tr key={row} data-testid="process-row">
                <td class="clip">{process?.name ?? "–"}</td>
                <td class="number quiet">{process?.pid ?? ""}</td>
                <td class="number">{process ? percent(process.cpuPercent) : ""}</td>
                <td class="number">{process ? bytes(process.memoryBytes) : ""}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
