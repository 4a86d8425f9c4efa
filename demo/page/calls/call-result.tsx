import { milliseconds } from "../format.ts";
import type { Caller, CallState } from "./caller.ts";

const WORDS: Record<CallState["phase"], string> = {
  idle: "No call yet",
  running: "Waiting for the answer",
  answered: "Answered",
  failed: "Failed",
};

export function CallResult({ caller }: { readonly caller: Caller }) {
  const state = caller.state.value;
  return (
    <div class="result" data-testid="rmi-state" data-phase={state.phase}>
      <p role="status" class="result-line">
        <span>{WORDS[state.phase]}</span>
        {"tookMs" in state && (
          <span data-testid="rmi-timing" data-value={state.tookMs}>
            {" "}
            in {milliseconds(state.tookMs)}
          </span>
        )}
        {state.phase === "failed" && (
          <strong class="problem" data-testid="rmi-error-code">
            {state.code}
          </strong>
        )}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="scroll result-text" tabIndex={0} aria-label="Answer of the last call">
        {state.phase === "answered" && (
          <pre class="mono" data-testid="rmi-result">
            {state.text}
          </pre>
        )}
        {state.phase === "failed" && (
          <pre class="mono" data-testid="rmi-error">
            {state.message}
          </pre>
        )}
      </section>
    </div>
  );
}
