/** The whole demo: a metrics peer, a machine peer and a gateway, each its own process on this machine. */
import { createServer } from "node:net";
import { Child } from "./processes/child.ts";
import { readOptions, wholeNumber } from "./processes/command-line.ts";

const DEFAULT_PORT = 8080;
/** How many ports to try after the default one. */
const PORT_ATTEMPTS = 100;

const options = readOptions(
  "Starts the Chaski Mesh demo and prints the address of its dashboard.",
  {
    host: { value: "<address>", about: "where the dashboard is served", default: "127.0.0.1" },
    port: { value: "<port>", about: `the dashboard's port; without it ${DEFAULT_PORT} or the next free one` },
    interval: { value: "<ms>", about: "time between two samples of the metrics", default: "250" },
  },
  "npm start --",
);

const children: Child[] = [];
let stopping = false;

async function stop(exitCode: number): Promise<never> {
  stopping = true;
  await Promise.all(children.map((child) => child.stop()));
  process.exit(exitCode);
}

/** Start one process and wait for its address. Should it ever end by itself, everything ends. */
async function start(name: string, file: string, args: readonly string[]): Promise<string> {
  const child = new Child(name, file, args);
  children.push(child);
  void child.ended.then((how) => {
    if (stopping) return;
    console.error(`\nThe process "${name}" ended by itself (${how}), so the demo stops.`);
    void stop(1);
  });
  return child.ready;
}

async function choosePort(): Promise<number> {
  if (options.port !== undefined) return wholeNumber("port", options.port, 0, 65_535);
  for (let port = DEFAULT_PORT; port < DEFAULT_PORT + PORT_ATTEMPTS; port++) {
    if (!(await isFree(port))) continue;
    if (port !== DEFAULT_PORT) console.log(`Port ${DEFAULT_PORT} is taken; the dashboard uses ${port}.`);
    return port;
  }
  return 0; // any
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, options.host, () => server.close(() => resolve(true)));
  });
}

process.once("SIGINT", () => void stop(0));
process.once("SIGTERM", () => void stop(0));

try {
  const metrics = await start("metrics", "metrics.ts", ["--interval", options.interval]);
  const machine = await start("machine", "machine.ts", ["--join", metrics]);
  const port = String(await choosePort());
  const gateway = await start("gateway", "gateway.ts", [
    ...["--host", options.host, "--port", port],
    ...["--join", metrics, "--join", machine],
  ]);
  const page = await fetch(gateway);
  if (!page.ok) throw new Error(`the gateway answers ${page.status} for its page at ${gateway}`);
  console.log(
    `\n  Chaski Mesh: this machine, live, in a browser tab\n\n  Dashboard  ${gateway}\n\n  Stop with Ctrl+C\n`,
  );
} catch (error) {
  if (!stopping) console.error((error as Error).message);
  await stop(1);
}
