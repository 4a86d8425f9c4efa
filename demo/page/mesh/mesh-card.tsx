import type { MeshNode } from "@chaski/core";
import type { ReadonlySignal } from "@preact/signals";
import { duration, milliseconds } from "../format.ts";
import { now } from "../live/heartbeat.ts";
import { MeshMap } from "./mesh-map.tsx";
import { further, type MeshView } from "./mesh-view.ts";

interface MeshProps {
  readonly node: MeshNode;
  readonly mesh: ReadonlySignal<MeshView>;
}

/** The map for a look, the table for the numbers. */
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
      <div class="edges">
        <EdgeTable node={node} mesh={mesh} />
      </div>
    </section>
  );
}

/** First the edges, then the nodes they lead to; all are pinged, since an idle edge measures itself but rarely. */
function EdgeTable({ node, mesh }: MeshProps) {
  const { own, topology, roundTripMs } = mesh.value;
  return (
    <table data-testid="edges">
      <thead>
        <tr>
          <th scope="col">From this page to</th>
          <th scope="col" class="number">
            Round trip
          </th>
          <th scope="col" class="number">
            Jitter
          </th>
        </tr>
      </thead>
      <tbody>
        {own.map(({ peer, transport, since, latencyMs, jitterMs }) => (
          <Row
            key={peer.id}
            testId="edge-row"
            name={peer.name}
            note={`edge over ${transport}, for ${duration(now.value - since)}`}
            latencyMs={roundTripMs.get(peer.id) ?? latencyMs}
            jitterMs={latencyMs === undefined ? undefined : jitterMs}
          />
        ))}
        {own.length === 0 && (
          <tr data-testid="no-edge">
            <td class="quiet" colSpan={3}>
              this page has no edge just now
            </td>
          </tr>
        )}
        {further(topology.nodes, node, own).map(({ id, name, role }) => (
          <Row
            key={id}
            testId="reached-row"
            name={name}
            note={`${role}, through the mesh`}
            latencyMs={roundTripMs.get(id)}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly testId: string;
  readonly name: string;
  readonly note: string;
  readonly latencyMs: number | undefined;
  readonly jitterMs?: number | undefined;
}

function Row({ testId, name, note, latencyMs, jitterMs }: RowProps) {
  return (
    <tr data-testid={testId} data-node={name} data-latency-ms={latencyMs}>
      <td class="clip">
        {name}
        <span class="note quiet small">{note}</span>
      </td>
      <td class="number">{milliseconds(latencyMs)}</td>
      <td class="number quiet">{milliseconds(jitterMs)}</td>
    </tr>
  );
}
