import type { MeshNode } from "@chaski/core";
import { Caller } from "./calls/caller.ts";
import { Inspector } from "./inspector/inspector.ts";
import { watchConnection } from "./mesh/connection.ts";
import { nameIn, watchMesh } from "./mesh/mesh-view.ts";
import { exposePage } from "./mesh/page-object.ts";
import { askForDetails } from "./metrics/machine-details.ts";
import { followMetrics } from "./metrics/metrics.ts";
import { Notices } from "./notices/notices.ts";

export type Dashboard = ReturnType<typeof createDashboard>;

/** Everything the page knows, on top of one node. What is drawn only reads this. */
export function createDashboard(node: MeshNode) {
  const connection = watchConnection(node);
  const notices = new Notices();
  exposePage(node, notices);
  const mesh = watchMesh(node);
  return {
    node,
    connection,
    notices,
    metrics: followMetrics(node),
    details: askForDetails(node, connection),
    mesh,
    inspector: new Inspector(node, (nodeId) => nameIn(mesh.peek(), nodeId)),
    caller: new Caller(node),
  };
}
