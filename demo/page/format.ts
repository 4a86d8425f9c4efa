/** Numbers as people read them. Every function gives a text of steady length, so that nothing jumps. */

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

export function percent(value: number): string {
  return `${value.toFixed(1)} %`;
}

/** Three significant digits in the largest fitting unit. */
export function bytes(value: number): string {
  let unit = 0;
  let scaled = value;
  while (scaled >= 999.5 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${threeDigits(scaled, unit === 0)} ${BYTE_UNITS[unit]}`;
}

export function bytesPerSecond(value: number): string {
  return `${bytes(value)}/s`;
}

export function perSecond(value: number): string {
  return `${value >= 99.95 ? Math.round(value).toLocaleString("en") : value.toFixed(1)} /s`;
}

/** @param value Milliseconds, or `undefined` while nothing was measured. */
export function milliseconds(value: number | undefined): string {
  return value === undefined ? "–" : `${value < 100 ? value.toFixed(2) : Math.round(value)} ms`;
}

/** A time span in its one or two largest units: `48 s`, `3 min`, `2 h 5 min`, `4 d 1 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

function threeDigits(value: number, whole: boolean): string {
  if (whole || value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
