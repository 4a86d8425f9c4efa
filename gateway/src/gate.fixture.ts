/** A TCP address that can be shut in the middle of a test: who hangs on it is cut off, who dials it waits. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream";
import { onTestFinished } from "vitest";

export class Gate {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<Socket>();
  #isOpen: boolean;

  private constructor(server: Server, target: number, isOpen: boolean) {
    this.#server = server;
    this.#target = target;
    this.#isOpen = isOpen;
    server.on("connection", (socket) => this.#take(socket));
  }

  /** @param target A port of this machine. */
  static async to(target: number, isOpen = true): Promise<Gate> {
    const server = createServer({ noDelay: true });
    const gate = new Gate(server, target, isOpen);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      gate.shut();
      for (const socket of gate.#waiting) socket.destroy();
      server.close();
    });
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whoever waits comes through, and all who dial from now on. */
  open(): void {
    this.#isOpen = true;
    for (const socket of this.#waiting) this.#pass(socket);
    this.#waiting.clear();
  }

  /** Cut every connection at both ends, and let nobody through. */
  shut(): void {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket): void {
    if (this.#isOpen) return this.#pass(socket);
    this.#waiting.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#waiting.delete(socket));
  }

  #pass(near: Socket): void {
    const far = connect({ port: this.#target, host: "127.0.0.1", noDelay: true });
    for (const [from, to] of [[near, far] as const, [far, near] as const]) {
      this.#sockets.add(from);
      from.once("close", () => this.#sockets.delete(from));
      pipeline(from, to, () => {});
    }
  }
}
