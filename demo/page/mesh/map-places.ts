import type { NodeInfo } from "@chaski/core";

export interface Place {
  /** Per cent of the map's width and height. */
  readonly x: number;
  readonly y: number;
  readonly name: string;
  readonly role: NodeInfo["role"];
  readonly self: boolean;
}

/** Where each role stands, in per cent of the width. */
const COLUMN_X = { leaf: 14, gateway: 46, peer: 80 } as const;
const SWAY = 6;
/** More than this would not fit above each other. */
const MAX_PER_COLUMN = 4;

/** Give every node a place that stays the same while the same nodes are there. This page comes first. */
export function placeNodes(
  nodes: readonly NodeInfo[],
  self: NodeInfo,
): { places: ReadonlyMap<string, Place>; hidden: number } {
  const all = nodes.some(({ id }) => id === self.id) ? nodes : [self, ...nodes];
  const places = new Map<string, Place>();
  for (const [role, x] of Object.entries(COLUMN_X)) {
    const column = all
      .filter((node) => node.role === role)
      .sort((a, b) => Number(b.id === self.id) - Number(a.id === self.id) || a.name.localeCompare(b.name))
      .slice(0, MAX_PER_COLUMN);
    for (const [index, { id, name, role }] of column.entries()) {
      const y = ((index + 0.5) / column.length) * 84 + 8;
      // Every other one a little aside, so that edges within a column do not hide behind its nodes.
      const aside = column.length > 1 ? (index % 2 === 0 ? -SWAY : SWAY) : 0;
      places.set(id, { x: x + aside, y, name, role, self: id === self.id });
    }
  }
  return { places, hidden: all.length - places.size };
}
