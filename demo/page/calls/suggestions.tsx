import type { ReadonlySignal } from "@preact/signals";
import type { MeshView } from "../mesh/mesh-view.ts";
import { EXAMPLES } from "./catalogue.ts";

interface SuggestionsProps {
  readonly mesh: ReadonlySignal<MeshView>;
  /** The object typed so far. */
  readonly object: ReadonlySignal<string>;
}

/** What the form's fields offer: the objects that the mesh has just now, and where they are. */
export function Suggestions({ mesh, object }: SuggestionsProps) {
  const { services } = mesh.value;
  const methods = EXAMPLES.filter((example) => example.object === object.value).map(({ method }) => method);
  const owners = services.filter(({ service }) => service === object.value).map(({ ownerName }) => ownerName);
  return (
    <>
      <Options id="rmi-object-list" values={services.map(({ service }) => service)} />
      <Options id="rmi-method-list" values={methods} />
      <Options id="rmi-node-list" values={owners} />
    </>
  );
}

function Options({ id, values }: { readonly id: string; readonly values: readonly string[] }) {
  return (
    <datalist id={id}>
      {[...new Set(values)].map((value) => (
        <option key={value} value={value} />
      ))}
    </datalist>
  );
}
