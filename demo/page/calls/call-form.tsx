import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { MeshView } from "../mesh/mesh-view.ts";
import { parseArguments } from "./arguments.ts";
import type { Caller } from "./caller.ts";
import { EXAMPLES, type Example } from "./catalogue.ts";
import { Suggestions } from "./suggestions.tsx";

const FIRST: Example = { object: "machine", method: "details", args: "" };

interface CallFormProps {
  readonly caller: Caller;
  readonly mesh: ReadonlySignal<MeshView>;
}

/** Any method of any object, with arguments as JSON. */
export function CallForm({ caller, mesh }: CallFormProps) {
  const object = useSignal(FIRST.object);
  const method = useSignal(FIRST.method);
  const args = useSignal(FIRST.args);
  const node = useSignal("");
  const problem = useSignal<string | undefined>(undefined);
  const running = caller.state.value.phase === "running";

  const fill = (example: Example): void => {
    object.value = example.object;
    method.value = example.method;
    args.value = example.args;
    problem.value = undefined;
  };

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const parsed = parseArguments(args.value);
      problem.value = undefined;
      await caller.run({ object: object.value, method: method.value, args: parsed, node: node.value || undefined });
    } catch (error) {
      problem.value = (error as Error).message;
    }
  };

  return (
    <form class="call-form" onSubmit={submit}>
      <fieldset class="examples">
        <legend class="small quiet">Fill in an example</legend>
        {EXAMPLES.map((example) => (
          <button type="button" key={example.object + example.method} class="chip mono" onClick={() => fill(example)}>
            {example.object}.{example.method}
          </button>
        ))}
      </fieldset>
      <Field name="object" label="Object" value={object} required />
      <Field name="method" label="Method" value={method} required />
      <Field name="node" label="On node" value={node} placeholder="nearest" />
      <Suggestions mesh={mesh} object={object} />
      <div class="field wide">
        <label for="rmi-arguments">Arguments, as JSON</label>
        <input
          id="rmi-arguments"
          data-testid="rmi-arguments"
          class="mono"
          value={args.value}
          onInput={(event) => {
            args.value = event.currentTarget.value;
          }}
          placeholder="none"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={problem.value !== undefined}
          aria-describedby="rmi-hint"
        />
        <p id="rmi-hint" class={`hint ${problem.value ? "problem" : ""}`} data-testid="rmi-problem">
          {problem.value ?? '1, "two", { "three": 3 } or { "$bytes": 1024 } for that many bytes'}
        </p>
      </div>
      <div class="actions">
        <button type="submit" class="button button-primary" data-testid="rmi-call">
          Call
        </button>
        <button
          type="button"
          class="button"
          data-testid="rmi-cancel"
          disabled={!running}
          onClick={() => caller.cancel()}
        >
          Cancel
        </button>
      </div>
    </form>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly value: { value: string };
  readonly placeholder?: string;
  readonly required?: boolean;
}

function Field({ name, label, value, placeholder, required = false }: FieldProps) {
  const id = `rmi-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        data-testid={id}
        class="mono"
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
        list={`${id}-list`}
        placeholder={placeholder}
        required={required}
        autocomplete="off"
        spellcheck={false}
      />
    </div>
  );
}
