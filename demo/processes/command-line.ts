import { basename } from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";

interface Option {
  /** Shown by `--help` after the option's name, such as `<port>`; absent for a switch. */
  readonly value?: string;
  readonly about: string;
  readonly multiple?: boolean;
  readonly default?: string;
}

type Values<Options> = {
  [Name in keyof Options]: Options[Name] extends { multiple: true }
    ? string[]
    : Options[Name] extends { default: string }
      ? string
      : Options[Name] extends { value: string }
        ? string | undefined
        : boolean;
};

/**
 * Read this process's options. `--help` prints them and ends the process; an unknown option does so with an error.
 *
 * @param about One sentence: what the program does.
 * @param command What one types to run it, as `--help` shows it; without it the file's name.
 */
export function readOptions<const Options extends Record<string, Option>>(
  about: string,
  options: Options,
  command: string = basename(process.argv[1] ?? ""),
): Values<Options> {
  const config: NonNullable<ParseArgsConfig["options"]> = { help: { type: "boolean" } };
  for (const [name, option] of Object.entries(options)) {
    config[name] = { type: option.value ? "string" : "boolean", multiple: option.multiple ?? false };
  }
  try {
    const { values } = parseArgs({ options: config });
    if (values.help) {
      console.log(helpText(about, options, command));
      process.exit(0);
    }
    const read = Object.entries(options).map(([name, option]) => {
      const missing = option.multiple ? [] : option.value ? option.default : false;
      return [name, values[name] ?? missing];
    });
    return Object.fromEntries(read);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${helpText(about, options, command)}`);
    process.exit(2);
  }
}

/** A whole number within bounds; anything else ends the process with a word on what was expected. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  console.error(`--${option} must be a whole number from ${min} to ${max}, not "${text}"`);
  process.exit(2);
}

function helpText(about: string, options: Record<string, Option>, command: string): string {
  const rows = Object.entries(options).map(([name, option]) => {
    const left = `--${name}${option.value ? ` ${option.value}` : ""}`;
    const notes = [option.default && `default ${option.default}`, option.multiple && "may be repeated"];
    const note = notes.filter(Boolean).join(", ");
    return [left, option.about + (note ? ` (${note})` : "")] as const;
  });
  rows.push(["--help", "show this"]);
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  return `${about}\n\nUsage: ${command} [options]\n\n${lines.join("\n")}`;
}
