import type { Connection } from "@chaski/core";
import type { ReadonlySignal } from "@preact/signals";
import { duration } from "../format.ts";
import { now } from "../live/heartbeat.ts";

interface BadgeProps {
  readonly connection: ReadonlySignal<Connection>;
}

/** How this page reaches the mesh, in one word with its age; the reason when it is not simply online. */
export function ConnectionBadge({ connection }: BadgeProps) {
  const { state, reason } = connection.value;
  const why = state === "online" ? undefined : reason;
  return (
    <>
      {why && (
        <span class="badge-reason" aria-hidden="true" data-testid="connection-reason">
          {why}
        </span>
      )}
      <div class="badge" data-testid="connection-badge" data-state={state}>
        <Mark state={state} />
        {/* Only what changes rarely is announced: the age beside it would never be silent. */}
        <span role="status" class="badge-word" data-testid="connection-state">
          {state}
          {why && <span class="visually-hidden">: {why}</span>}
        </span>
        <Age connection={connection} />
      </div>
    </>
  );
}

/** A shape per state, for those who do not tell the colours apart. */
function Mark({ state }: Pick<Connection, "state">) {
  return (
    <svg class="badge-mark" viewBox="0 0 16 16" aria-hidden="true">
      {state === "online" && <path d="M3.5 8.5l3 3 6-7" />}
      {state === "offline" && <path d="M4 4l8 8M12 4l-8 8" />}
      {state === "degraded" && <path d="M8 3v6M8 12v.5" />}
      {state === "connecting" && <path d="M3.5 8h.01M8 8h.01M12.5 8h.01" />}
    </svg>
  );
}

function Age({ connection }: BadgeProps) {
  return <span class="badge-age">for {duration(now.value - connection.value.since)}</span>;
}
