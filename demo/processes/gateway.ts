/** The gateway: lets pages into the mesh over WebSocket, and serves the dashboard from the same port. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createGateway } from "@chaski/gateway";
import { MESH } from "../contract.ts";
import { readOptions, wholeNumber } from "./command-line.ts";
import { announceReady, logError, orExit, stopRequested } from "./lifetime.ts";

const READY_WITHIN_MS = 10_000;
const BUILT_PAGE = fileURLToPath(new URL("../dist", import.meta.url));

const options = readOptions("Serves the dashboard and lets its pages into the mesh.", {
  host: { value: "<address>", about: "the network interface to serve on", default: "127.0.0.1" },
  port: { value: "<port>", about: "the port to serve on, 0 for any", default: "8080" },
  join: { value: "<address>", about: "a peer to connect to", multiple: true },
  name: { value: "<name>", about: "this node's name", default: "gateway" },
  page: { value: "<directory>", about: "the built page", default: BUILT_PAGE },
});

if (!existsSync(options.page)) {
  console.error(`${options.page} does not exist: build the page first, with \`vite build\` in the demo's directory`);
  process.exit(1);
}

await using gateway = await orExit(
  createGateway({
    name: options.name,
    mesh: MESH,
    join: options.join,
    http: { host: options.host, port: wholeNumber("port", options.port, 0, 65_535) },
    static: options.page,
  }),
);
gateway.node.on("error", logError);

if (options.join.length > 0) {
  // A page is served even while the peers are away: it shows the truth, and they are redialled.
  await gateway.node.ready({ timeoutMs: READY_WITHIN_MS }).catch(logError);
}
announceReady(gateway.url);
await stopRequested();
