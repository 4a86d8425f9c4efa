/**
 * The far side of the browser's link tests: a server that joins every two WebSockets of one path, so that both ends
 * of a link are in the page. Vitest starts it for the browser project and provides its port.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SUBPROTOCOL } from "@chaski/websocket";
import type { TestProject } from "vitest/node";
import { type WebSocket, WebSocketServer } from "ws";
import { refuseUpgrade } from "./websocket-listener.ts";

declare module "vitest" {
  interface ProvidedContext {
    relayPort: number;
  }
}

/** Upgrades at `/<id>` are joined in pairs; `GET /<id>?cut` cuts them, `GET /<id>` answers once all are closed. */
export default async function setup(project: TestProject): Promise<() => void> {
  const open = new Map<string, Set<WebSocket>>();
  const alone = new Map<string, WebSocket>();
  const onEmpty = new Map<string, () => void>();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, handleProtocols: () => SUBPROTOCOL });

  const join = (path: string, socket: WebSocket): void => {
    const all = open.get(path) ?? new Set();
    open.set(path, all.add(socket));
    socket.on("error", () => {});
    socket.once("close", () => {
      all.delete(socket);
      if (alone.get(path) === socket) alone.delete(path);
      if (all.size === 0) onEmpty.get(path)?.();
    });
    const other = alone.get(path);
    if (!other) {
      alone.set(path, socket);
      return;
    }
    alone.delete(path);
    pass(socket, other);
    pass(other, socket);
  };

  const server = createServer((request, response) => {
    const [path = "", query] = (request.url ?? "").split("?");
    const answer = (): void => {
      response.setHeader("Access-Control-Allow-Origin", "*");
      response.end();
    };
    const all = open.get(path);
    if (query === "cut") for (const socket of all ?? []) socket.terminate();
    if (query === "cut" || !all || all.size === 0) answer();
    else onEmpty.set(path, answer);
  });
  server.on("upgrade", (request, socket, head) => {
    if (request.url === "/refused") {
      refuseUpgrade(socket, "403 Forbidden", "a test");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => join(request.url ?? "", webSocket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  project.provide("relayPort", (server.address() as AddressInfo).port);
  return () => {
    for (const all of open.values()) for (const socket of all) socket.terminate();
    server.close();
    server.closeAllConnections();
  };
}

function pass(from: WebSocket, to: WebSocket): void {
  from.on("message", (data, isBinary) => to.send(data, { binary: isBinary }));
  from.once("close", (code) => {
    if (code === 1005 || code === 1006) to.terminate();
    else to.close(code);
  });
}
