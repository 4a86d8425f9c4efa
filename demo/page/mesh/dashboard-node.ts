import type { createNode } from "@chaski/browser-transport";
import type { Services, Topics } from "../../contract.ts";

/** This page's node, knowing the demo's topics and objects by type. */
export type DashboardNode = Awaited<ReturnType<typeof createNode<Topics, Services>>>;
