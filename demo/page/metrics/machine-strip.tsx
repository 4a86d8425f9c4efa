import type { ReadonlySignal } from "@preact/signals";
import type { MachineDetails } from "../../contract.ts";
import { bytes, duration } from "../format.ts";

/** What machine this is, as the machine itself answered. */
export function MachineStrip({ details }: { readonly details: ReadonlySignal<MachineDetails | undefined> }) {
  const machine = details.value;
  const facts = machine
    ? [
        machine.system,
        machine.processor,
        `${machine.cores} cores`,
        bytes(machine.memoryBytes),
        `up ${duration(machine.uptimeSeconds * 1_000)}`,
      ]
    : ["asking the machine"];
  return (
    <div class="machine" data-testid="machine">
      <h2>{machine?.hostname ?? "This machine"}</h2>
      <ul class="facts quiet">
        {facts.map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
    </div>
  );
}
