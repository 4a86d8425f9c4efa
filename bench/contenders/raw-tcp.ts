/** A bare TCP socket. Nothing is framed: the reader gets chunks of the stream, as they come from the kernel. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Contender, Packing } from "./contender.ts";

/** What waits in the socket before `write` says stop. Node's default of 16 KiB would stop after every batch. */
const OPTIONS = { noDelay: true, highWaterMark: 1024 * 1024 } as const;

export function rawTcp(messagesPerPayload: Packing): Contender {
  return {
    messagesPerPayload,

    async listen(onPayload) {
      const server = createServer(OPTIONS);
      const connection = once(server, "connection") as Promise<[Socket]>;
      let socket: Socket;
      const connected = connection.then(([accepted]) => {
        socket = accepted;
        socket.on("data", onPayload);
      });
      await once(server.listen(0, "127.0.0.1"), "listening");
      return {
        address: String((server.address() as AddressInfo).port),
        connected: () => connected,
        send: (payload) => write(socket, payload),
      };
    },

    async dial(address, onPayload) {
      const socket = connect({ ...OPTIONS, port: Number(address), host: "127.0.0.1" });
      socket.on("data", onPayload);
      await once(socket, "connect");
      return { send: (payload) => write(socket, payload) };
    },
  };
}

function write(socket: Socket, payload: Uint8Array): Promise<void> | undefined {
  if (socket.write(payload)) return undefined;
  return new Promise((resolve) => socket.once("drain", resolve));
}
