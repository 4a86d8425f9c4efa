/** A bare WebSocket of the `ws` package, uncompressed. The reader is given whole WebSocket messages. */
import { once } from "node:events";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { Contender, OnPayload, Packing } from "./contender.ts";
import { listenHttp } from "./http-server.ts";

/** What waits in the socket before the sender does. */
const HIGH_WATER_BYTES = 1024 * 1024;

export function rawWebSocket(messagesPerPayload: Packing): Contender {
  return {
    messagesPerPayload,

    async listen(onPayload) {
      const { server, port } = await listenHttp();
      let socket: WebSocket;
      const connected = (once(new WebSocketServer({ server }), "connection") as Promise<[WebSocket]>).then(
        ([accepted]) => {
          socket = accepted;
          read(socket, onPayload);
        },
      );
      return {
        address: `ws://127.0.0.1:${port}/`,
        connected: () => connected,
        send: (payload) => write(socket, payload),
      };
    },

    async dial(address, onPayload) {
      const socket = new WebSocket(address, { perMessageDeflate: false });
      read(socket, onPayload);
      await once(socket, "open");
      return { send: (payload) => write(socket, payload) };
    },
  };
}

function read(socket: WebSocket, onPayload: OnPayload): void {
  socket.on("message", (data: RawData) => onPayload(data as Buffer));
}

function write(socket: WebSocket, payload: Uint8Array): Promise<void> | undefined {
  if (socket.bufferedAmount < HIGH_WATER_BYTES) {
    socket.send(payload);
    return undefined;
  }
  return new Promise((resolve, reject) => {
    socket.send(payload, (error) => (error ? reject(error) : resolve()));
  });
}
