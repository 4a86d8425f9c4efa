/** The shape of a WebSocket, as browsers and the `ws` package have it; what a link uses of it, nothing more. */

/** The subprotocol both ends must agree on. Its version is that of the carriage, not of the mesh protocol inside. */
export const SUBPROTOCOL = "chaski.v0";

/** Largest WebSocket message taken, in bytes: longer ones are refused before they cost memory. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/**
 * Largest WebSocket message sent, in bytes. The messages of one direction are one stream of bytes, so longer parts are
 * cut: a receiver hears of whole messages only, and on a slow way each must come before it gives up.
 */
export const MESSAGE_BYTES = 64 * 1024;

export interface WebSocketLike {
  /** `arraybuffer` in a browser, `nodebuffer` with `ws`. */
  binaryType: string;
  readonly bufferedAmount: number;
  /** The subprotocol the server chose; empty when none. */
  readonly protocol: string;
  /** Not a view of shared memory: browsers refuse that. */
  send(message: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  // biome-ignore lint/suspicious/noExplicitAny: browsers and `ws` type their events differently.
  addEventListener(type: "open" | "message" | "error" | "close", listener: (event: any) => void): void;
}

/** The additions of the `ws` package, by which a link on Node knows better when bytes have left, and can be cut. */
export interface NodeWebSocketLike extends WebSocketLike {
  /** @param left Called when the message was given to the operating system, or could not be. */
  send(message: Uint8Array<ArrayBuffer>, left?: (error?: Error | null) => void): void;
  /** Close the connection now, without a handshake. */
  terminate(): void;
}
