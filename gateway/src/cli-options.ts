/** The command line of `chaski-gateway`: its options, its help, and what is wrong with a call. Pure. */
import { parseArgs } from "node:util";
import { GATEWAY_DEFAULTS, type GatewayOptions } from "./gateway-options.ts";
import { LOG_LEVELS, type LogLevel } from "./log-lines.ts";

/** As long as `gateway.close()` takes by itself, in ms. */
const DRAIN_MS = 5_000;

const OPTIONS = {
  host: {
    type: "string",
    value: "<address>",
    about: `interface to serve HTTP on, default ${GATEWAY_DEFAULTS.host}: this machine alone`,
  },
  port: {
    type: "string",
    value: "<port>",
    about: `port of HTTP and WebSocket, 0 for any free one, default ${GATEWAY_DEFAULTS.port}`,
  },
  path: {
    type: "string",
    value: "<path>",
    about: `where leaves open their WebSocket, default ${GATEWAY_DEFAULTS.path}`,
  },
  static: { type: "string", value: "<folder>", about: "files to serve beside it" },
  "allow-origin": {
    type: "string",
    multiple: true,
    value: "<origin>",
    about: 'let pages from another origin in, as "https://lab.example", or "*" for all',
  },
  mesh: { type: "string", value: "<name>", about: 'the mesh to be part of, default "default"' },
  name: { type: "string", value: "<name>", about: "this node's name, for people" },
  join: {
    type: "string",
    multiple: true,
    value: "<address>",
    about: "a peer to keep an edge to, as tcp://10.0.0.5:8511",
  },
  listen: { type: "string", multiple: true, value: "<address>", about: "where peers reach it, as tcp://0.0.0.0:8511" },
  advertise: {
    type: "string",
    multiple: true,
    value: "<address>",
    about: "what to tell peers instead of where it listens",
  },
  drain: {
    type: "string",
    value: "<ms>",
    about: `how long leaves may take to go elsewhere when it is told to end, default ${DRAIN_MS}`,
  },
  "log-level": { type: "string", value: "<level>", about: `${LOG_LEVELS.join(", ")}; default info` },
  json: { type: "boolean", about: "log JSON lines" },
  version: { type: "boolean", about: "show the version" },
  help: { type: "boolean", short: "h", about: "show this" },
} as const;

export type Command =
  | { readonly do: "help" | "version" }
  | { readonly do: "complain"; readonly problem: string }
  | {
      readonly do: "run";
      readonly gateway: GatewayOptions;
      readonly level: LogLevel;
      readonly json: boolean;
      readonly drainMs: number;
    };

/** @param args Without the program's own name. Never throws. */
export function readCommand(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    if (values.help) return { do: "help" };
    if (values.version) return { do: "version" };
    const { mesh, name, path, static: folder, join = [], listen = [], advertise } = values;
    const gateway: GatewayOptions = {
      http: { ...(values.host !== undefined && { host: values.host }), port: portOf(values.port) },
      ...(path !== undefined && { path }),
      ...(folder !== undefined && { static: folder }),
      ...(mesh !== undefined && { mesh }),
      ...(name !== undefined && { name }),
      ...(advertise !== undefined && { advertise }),
      allowOrigins: values["allow-origin"] ?? [],
      join,
      listen,
    };
    return {
      do: "run",
      gateway,
      level: levelOf(values["log-level"]),
      json: values.json ?? false,
      drainMs: drainOf(values.drain),
    };
  } catch (error) {
    return { do: "complain", problem: (error as Error).message };
  }
}

export function helpText(): string {
  const rows = Object.entries(OPTIONS).map(([name, option]) => {
    const left = `${"short" in option ? `-${option.short}, ` : ""}--${name}${"value" in option ? ` ${option.value}` : ""}`;
    return [left, option.about + ("multiple" in option ? "; may be repeated" : "")] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    "A gateway of a Chaski mesh: lets browsers in over WebSocket, joins peers over TCP, serves /health and files.",
    "",
    "Usage: chaski-gateway [options]",
    "",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    "",
    "SIGINT or SIGTERM ends it when its leaves have gone elsewhere or --drain is over, a second one at once.",
    "Exit codes: 0 ended when asked to, 1 could not go on, 2 wrong options.",
  ].join("\n");
}

function portOf(text: string = String(GATEWAY_DEFAULTS.port)): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new RangeError(`--port must be a whole number from 0 to 65535, got "${text}"`);
  }
  return Number(text);
}

function drainOf(text = String(DRAIN_MS)): number {
  if (!/^\d{1,7}$/.test(text) || Number(text) > 3_600_000)
    throw new RangeError(`--drain must be a whole number from 0 to 3600000, got "${text}"`);
  return Number(text);
}

function levelOf(text = "info"): LogLevel {
  const level = LOG_LEVELS.find((one) => one === text);
  if (!level) throw new TypeError(`--log-level must be one of ${LOG_LEVELS.join(", ")}, got "${text}"`);
  return level;
}
