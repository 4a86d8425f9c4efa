import type { Connection } from "@chaski/core";
import type { ReadonlySignal } from "@preact/signals";
import { ConnectionBadge } from "./connection-badge.tsx";
import { scheme, toggleScheme } from "./theme.ts";

export function Header({ connection }: { readonly connection: ReadonlySignal<Connection> }) {
  return (
    <header class="header">
      <div class="header-inner">
        <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
          <path d="M12 2h8v5h5v5h5v8h-5v5h-5v5h-8v-5H7v-5H2v-8h5V7h5z" />
          <circle cx="16" cy="16" r="4.5" />
        </svg>
        <h1>Chaski Mesh</h1>
        <ConnectionBadge connection={connection} />
        <ThemeButton />
      </div>
    </header>
  );
}

function ThemeButton() {
  const other = scheme.value === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Use ${other} colours`}
      title={`Use ${other} colours`}
      data-testid="theme-toggle"
      onClick={toggleScheme}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="5.5" />
        <path class="icon-solid" d="M8 2.5a5.5 5.5 0 0 1 0 11z" />
      </svg>
    </button>
  );
}
