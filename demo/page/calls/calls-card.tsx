import type { MeshNode } from "@chaski/core";
import type { ReadonlySignal } from "@preact/signals";
import type { MeshView } from "../mesh/mesh-view.ts";
import { CallForm } from "./call-form.tsx";
import { CallResult } from "./call-result.tsx";
import type { Caller } from "./caller.ts";

interface CallsProps {
  readonly node: MeshNode;
  readonly caller: Caller;
  readonly mesh: ReadonlySignal<MeshView>;
}

/** Objects anywhere in the mesh, called from here; and the way back. */
export function CallsCard({ node, caller, mesh }: CallsProps) {
  return (
    <section class="card span-5" aria-labelledby="calls-title" data-testid="calls">
      <div class="card-head">
        <h3 id="calls-title">Calls</h3>
        <GreetButton node={node} caller={caller} />
      </div>
      <CallForm caller={caller} mesh={mesh} />
      <CallResult caller={caller} />
    </section>
  );
}

/** There and back: this page calls the machine, and the machine calls this page. */
function GreetButton({ node, caller }: Omit<CallsProps, "mesh">) {
  const greet = () =>
    caller.run({
      object: "machine",
      method: "noticePage",
      args: [`Hello ${node.name}, this is the machine calling`, node.name],
    });
  return (
    <button type="button" class="button button-small" data-testid="greet" onClick={greet}>
      Ask the machine to greet this page
    </button>
  );
}
