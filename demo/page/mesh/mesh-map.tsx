import type { MeshNode } from "@chaski/core";
import type { ReadonlySignal } from "@preact/signals";
import { milliseconds } from "../format.ts";
import { placeNodes } from "./map-places.ts";
import type { MeshView } from "./mesh-view.ts";

interface MeshMapProps {
  readonly node: MeshNode;
  readonly mesh: ReadonlySignal<MeshView>;
}

/** Above this share of the height a node's name stands over it, so that names do not run into edges below. */
const UPPER_PERCENT = 35;

/** The mesh drawn from pages on the left over gateways to peers on the right. A picture: the numbers are in the table. */
export function MeshMap({ node, mesh }: MeshMapProps) {
  const { topology, roundTripMs } = mesh.value;
  const { places, hidden } = placeNodes(topology.nodes, node);
  return (
    <div class="map">
      <svg width="100%" height="100%" aria-hidden="true">
        {topology.edges.map(({ from, to, latencyMs }) => {
          const a = places.get(from);
          const b = places.get(to);
          if (!a || !b) return null;
          const measuredMs = (a.self && roundTripMs.get(to)) || (b.self && roundTripMs.get(from)) || latencyMs;
          return (
            <g key={`${from} ${to}`} class={`map-edge ${a.self || b.self ? "map-edge-own" : ""}`}>
              <line x1={`${a.x}%`} y1={`${a.y}%`} x2={`${b.x}%`} y2={`${b.y}%`} />
              {measuredMs !== undefined && (
                <text x={`${(a.x + b.x) / 2}%`} y={`${(a.y + b.y) / 2}%`} dy="-7">
                  {milliseconds(measuredMs)}
                </text>
              )}
            </g>
          );
        })}
        {[...places].map(([id, { x, y, name, role, self }]) => (
          <g key={id} class={`map-node map-${role} ${self ? "map-self" : ""}`}>
            <circle cx={`${x}%`} cy={`${y}%`} r={role === "gateway" ? 11 : 8} />
            <text x={`${x}%`} y={`${y}%`} dy={y < UPPER_PERCENT ? "-16" : "28"}>
              {self ? "this page" : name}
            </text>
          </g>
        ))}
      </svg>
      {hidden > 0 && <span class="map-hidden small quiet">and {hidden} more</span>}
    </div>
  );
}
