/** What tests of HTTP need: requests exactly as written, and connections of any kind. */
import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** One request over a connection of its own, its path sent exactly as given. */
export function ask(url: string, path: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  const { hostname, port } = new URL(url);
  return new Promise<Answer>((resolve, reject) => {
    const request = httpRequest({ host: hostname.replace(/[[\]]/g, ""), port, path, agent: false, ...options });
    request.on("error", reject);
    request.on("response", async (response) => {
      try {
        let text = "";
        for await (const chunk of response) text += chunk;
        resolve({ status: response.statusCode!, headers: response.headers, text });
      } catch (error) {
        reject(error as Error);
      }
    });
    request.end();
  });
}

/** A connection to the port of `url`, with nothing sent yet; half open ends are kept. */
export async function connectTo(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** All that arrives until the other side ends or resets the connection. */
export async function readToEnd(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  if (!socket.destroyed) await Promise.race([once(socket, "end"), once(socket, "close")]);
  socket.destroy();
  return text;
}
