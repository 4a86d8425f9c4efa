import type { ReadonlySignal } from "@preact/signals";
import { milliseconds } from "../format.ts";
import type { DashboardNode } from "./dashboard-node.ts";
import { placeNodes } from "./map-places.ts";
import type { MeshView } from "./topology.ts";

interface MeshMapProps {
  readonly node: DashboardNode;
  readonly mesh: ReadonlySignal<MeshView>;
}

/** The mesh drawn from pages on the left over gateways to peers on the right. A picture of the table below it. */
export function MeshMap({ node, mesh }: MeshMapProps) {
  const { own, topology } = mesh.value;
  const { places, hidden } = placeNodes(topology.nodes, node);
  const connected = new Set(own.map((edge) => edge.peer.id));
  return (
    <div class="map">
      <svg width="100%" height="100%" aria-hidden="true">
        {topology.edges.map(({ from, to, latencyMs }) => {
          const a = places.get(from);
          const b = places.get(to);
          if (!a || !b) return null;
          const mine = from === node.id || to === node.id;
          const lost = mine && !connected.has(from === node.id ? to : from);
          const measured = own.find((edge) => mine && (edge.peer.id === from || edge.peer.id === to))?.latencyMs;
          return (
            <g key={`${from} ${to}`} class={`map-edge ${mine ? "map-edge-mine" : ""} ${lost ? "map-edge-lost" : ""}`}>
              <line x1={`${a.x}%`} y1={`${a.y}%`} x2={`${b.x}%`} y2={`${b.y}%`} />
              <text x={`${(a.x + b.x) / 2}%`} y={`${(a.y + b.y) / 2}%`} dy="-7">
                {lost ? "lost" : milliseconds(measured ?? latencyMs)}
              </text>
            </g>
          );
        })}
        {[...places].map(([id, { x, y, name, role, self }]) => (
          <g key={id} class={`map-node map-${role} ${self ? "map-self" : ""}`}>
            <circle cx={`${x}%`} cy={`${y}%`} r={role === "gateway" ? 11 : 8} />
            <text x={`${x}%`} y={`${y}%`} dy={y < 35 ? "-16" : "28"}>
              {self ? "this page" : name}
            </text>
          </g>
        ))}
      </svg>
      {hidden > 0 && <span class="map-hidden small quiet">and {hidden} more</span>}
    </div>
  );
}
