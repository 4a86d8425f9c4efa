import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { MachineDetails } from "../../contract.ts";
import { now } from "../live/heartbeat.ts";
import type { Connection } from "../mesh/connection.ts";
import type { DashboardNode } from "../mesh/dashboard-node.ts";

/** Ask the machine once what it is; while nobody answers, ask again every second that the page is visible and online. */
export function askForDetails(
  node: DashboardNode,
  connection: ReadonlySignal<Connection>,
): ReadonlySignal<MachineDetails | undefined> {
  const details = signal<MachineDetails | undefined>(undefined);
  let asking = false;
  const ask = async (): Promise<void> => {
    asking = true;
    try {
      details.value = await node.remote("machine").details();
    } catch {
      // Not there yet: the next second asks again.
    }
    asking = false;
  };
  const stop = effect(() => {
    if (details.value) queueMicrotask(() => stop());
    else if (now.value && connection.value.state === "online" && !asking) void ask();
  });
  return details;
}
