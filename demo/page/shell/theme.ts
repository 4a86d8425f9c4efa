import { computed, effect, signal } from "@preact/signals";

export type Scheme = "light" | "dark";

/** Where the choice is kept; `public/theme.js` reads it before the first paint. */
const STORAGE_KEY = "chaski-theme";

const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const systemScheme = signal<Scheme>(darkSystem.matches ? "dark" : "light");
darkSystem.addEventListener("change", (event) => {
  systemScheme.value = event.matches ? "dark" : "light";
});

const chosen = signal<Scheme | undefined>(readChoice());

/** The colour scheme in force: the person's choice, else the system's. */
export const scheme = computed<Scheme>(() => chosen.value ?? systemScheme.value);

export function toggleScheme(): void {
  const next = scheme.value === "dark" ? "light" : "dark";
  // Back to what the system says is back to following it.
  chosen.value = next === systemScheme.value ? undefined : next;
  writeChoice(chosen.value);
}

effect(() => {
  if (chosen.value) document.documentElement.dataset.theme = chosen.value;
  else delete document.documentElement.dataset.theme;
});

function readChoice(): Scheme | undefined {
  const choice = document.documentElement.dataset.theme;
  return choice === "light" || choice === "dark" ? choice : undefined;
}

function writeChoice(choice: Scheme | undefined): void {
  try {
    if (choice) localStorage.setItem(STORAGE_KEY, choice);
    else localStorage.removeItem(STORAGE_KEY);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}
