import type { Connection, MeshNode } from "@chaski/core";
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Machine, MachineDetails } from "../../contract.ts";
import { now } from "../live/heartbeat.ts";

/** Ask the machine once what it is; while nobody answers, ask again every second that the page is visible and online. */
export function askForDetails(
  node: MeshNode,
  connection: ReadonlySignal<Connection>,
): ReadonlySignal<MachineDetails | undefined> {
  const details = signal<MachineDetails | undefined>(undefined);
  let asking = false;
  const ask = async (): Promise<void> => {
    asking = true;
    try {
      details.value = await node.remote<Machine>("machine").details();
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
