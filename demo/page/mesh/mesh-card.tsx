import type { ReadonlySignal } from "@preact/signals";
import { duration, milliseconds } from "../format.ts";
import { now } from "../live/heartbeat.ts";
import type { DashboardNode } from "./dashboard-node.ts";
import { MeshMap } from "./mesh-map.tsx";
import { type MeshView, nameIn } from "./topology.ts";

interface MeshProps {
  readonly node: DashboardNode;
  readonly mesh: ReadonlySignal<MeshView>;
}

/** The map for a look, the table for the numbers; the table says everything the map does. */
export function MeshCard({ node, mesh }: MeshProps) {
  return (
    <section class="card span-7" aria-labelledby="mesh-title">
      <div class="card-head">
        <h3 id="mesh-title">Mesh</h3>
        <span class="small quiet clip">
          this page is <strong data-testid="page-name">{node.name}</strong>
        </span>
      </div>
      <MeshMap node={node} mesh={mesh} />
      <EdgeTable node={node} mesh={mesh} />
    </section>
  );
}

function EdgeTable({ node, mesh }: MeshProps) {
  const { own, topology } = mesh.value;
  const others = topology.edges.filter(({ from, to }) => from !== node.id && to !== node.id);
  return (
    <table class="edges" data-testid="edges">
      <thead>
        <tr>
          <th scope="col">Edge</th>
          <th scope="col" class="number">
            Latency
          </th>
          <th scope="col" class="number">
            Jitter
          </th>
        </tr>
      </thead>
      <tbody>
        {own.map((edge) => (
          <EdgeRow
            key={edge.peer.id}
            testId="edge-row"
            between={["this page", edge.peer.name]}
            note={`${edge.transport}, for ${duration(now.value - edge.since)}`}
            latencyMs={edge.latencyMs}
            jitterMs={edge.jitterMs}
          />
        ))}
        {own.length === 0 && (
          <tr data-testid="no-edge">
            <td class="quiet" colSpan={3}>
              this page has no edge just now
            </td>
          </tr>
        )}
        {others.map(({ from, to, latencyMs }) => (
          <EdgeRow
            key={`${from} ${to}`}
            testId="mesh-edge-row"
            between={[nameIn(mesh.value, from), nameIn(mesh.value, to)]}
            note="as the mesh tells it"
            latencyMs={latencyMs}
          />
        ))}
      </tbody>
    </table>
  );
}

interface EdgeRowProps {
  readonly testId: string;
  readonly between: readonly [string, string];
  readonly note: string;
  readonly latencyMs: number | undefined;
  readonly jitterMs?: number | undefined;
}

function EdgeRow({ testId, between: [from, to], note, latencyMs, jitterMs }: EdgeRowProps) {
  return (
    <tr data-testid={testId} data-from={from} data-to={to} data-latency-ms={latencyMs}>
      <td class="clip">
        {from} – {to}
        <span class="note quiet small">{note}</span>
      </td>
      <td class="number">{milliseconds(latencyMs)}</td>
      <td class="number quiet">{milliseconds(jitterMs)}</td>
    </tr>
  );
}
