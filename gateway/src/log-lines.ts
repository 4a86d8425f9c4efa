/** Log lines for a terminal or a collector: one line an event, whatever a stranger put into it. */
import type { Logger } from "@chaski/core";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogLinesOptions {
  /** What matters less is left out. */
  readonly level: LogLevel;
  /** One JSON object a line, instead of text for people. */
  readonly json: boolean;
  /** Takes one line, without its end. */
  write(line: string): void;
  /** The time to show; for tests. Default the system's. */
  now?(): Date;
}

/** What could move a terminal's cursor, end a line or turn text around: control and direction characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is its purpose
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const PLAIN = /^[\w.:/@+*-]+$/;

export function logLines(options: LogLinesOptions): Logger {
  const { level: least, json, write, now = () => new Date() } = options;
  return {
    log(level, event, fields) {
      if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return;
      const time = now().toISOString();
      const known = Object.entries(fields).filter(([, value]) => value !== undefined);
      if (json) return write(safe(JSON.stringify({ time, level, event, ...Object.fromEntries(known) })));
      const pairs = known.map(([name, value]) => `  ${name}=${shown(value)}`);
      write(`${time}  ${level.padEnd(5)}  ${event}${pairs.join("")}`);
    },
  };
}

function shown(value: unknown): string {
  if (typeof value === "string" && PLAIN.test(value)) return value;
  return safe(JSON.stringify(value) ?? String(value));
}

function safe(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
