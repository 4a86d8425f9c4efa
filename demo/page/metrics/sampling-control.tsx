import type { MeshNode } from "@chaski/core";
import { useComputed, useSignal } from "@preact/signals";
import type { Machine } from "../../contract.ts";
import type { Notices } from "../notices/notices.ts";
import type { Feed } from "./feed.ts";

const CHOICES_MS = [100, 250, 500, 1_000] as const;

interface SamplingProps {
  readonly node: MeshNode;
  readonly cpu: Feed<"machine/cpu">;
  readonly notices: Notices;
}

/** Changes the pace at the source: the page calls the machine, which calls the sampler in the metrics process. */
export function SamplingControl({ node, cpu, notices }: SamplingProps) {
  // The samples say the pace in force, whoever chose it.
  const inForceMs = useComputed(() => cpu.latest.value?.intervalMs).value;
  // Read, so that after a failure the control is drawn again and shows what is still in force.
  const failures = useSignal(0);
  failures.value;
  const choose = async (intervalMs: number): Promise<void> => {
    try {
      await node.remote<Machine>("machine").setSamplingInterval(intervalMs);
    } catch (error) {
      failures.value++;
      notices.add(`The sampling interval did not change: ${(error as Error).message}`, "noticed by this page");
    }
  };
  return (
    <fieldset class="segments" data-testid="sampling">
      <legend class="small quiet">Sampled every</legend>
      {CHOICES_MS.map((intervalMs) => (
        <label key={intervalMs}>
          <input
            type="radio"
            name="sampling"
            value={intervalMs}
            checked={inForceMs === intervalMs}
            onChange={() => choose(intervalMs)}
          />
          <span>{intervalMs < 1_000 ? `${intervalMs} ms` : `${intervalMs / 1_000} s`}</span>
        </label>
      ))}
    </fieldset>
  );
}
