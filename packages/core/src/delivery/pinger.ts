/** Round trips to any node: a unicast that comes back. */
import type { Clock } from "../base/clock.ts";
import { setDeadline } from "../base/deadline.ts";
import { MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { dispose } from "../base/platform.ts";
import { type Address, Lane, Port, readU53, writeU53 } from "../wire/index.ts";
import type { Unicast } from "./unicast.ts";

// Payload: 1 byte, 0 asks and 1 answers; 8 bytes, the number of the ping; then padding, which comes back.
const HEAD_BYTES = 9;
const ASK = 0;
const ANSWER = 1;

export class Pinger {
  readonly #clock: Clock;
  readonly #unicast: Unicast;
  readonly #waiting = new Map<number, { readonly node: NodeId; settle(error?: MeshError): void }>();
  #last = 0;

  constructor(clock: Clock, unicast: Unicast) {
    this.#clock = clock;
    this.#unicast = unicast;
    unicast.listen(Port.ping, {
      onMessage: (source, payload) => this.#onMessage(source, payload),
      onBounce: (target, payload, why) => {
        if (payload.byteLength >= HEAD_BYTES && payload[0] === ASK) {
          this.#pingOf(target, payload)?.settle(
            why === "forbidden"
              ? new MeshError(why, `node ${target.node} may not be reached`)
              : new MeshError(why, `no way to node ${target.node} was found`),
          );
        }
      },
    });
  }

  /**
   * @param bytes How long it is at least.
   * @throws {MeshError} `timed-out`, `unreachable`, `forbidden`, `closed`
   */
  ping(target: Address, bytes: number, timeoutMs: number): Promise<{ roundTripMs: number }> {
    const number = ++this.#last;
    const payload = new Uint8Array(Math.max(HEAD_BYTES, bytes));
    payload[0] = ASK;
    writeU53(payload, 1, number);
    return new Promise((resolve, reject) => {
      const sentAtMs = this.#clock.now();
      const settle = (error?: MeshError): void => {
        timer[dispose]();
        this.#waiting.delete(number);
        if (error) reject(error);
        else resolve({ roundTripMs: this.#clock.now() - sentAtMs });
      };
      const timer = setDeadline(this.#clock, timeoutMs, () =>
        settle(new MeshError("timed-out", `node ${target.node} did not answer a ping within ${timeoutMs} ms`)),
      );
      this.#waiting.set(number, { node: target.node, settle });
      try {
        this.#unicast.send(target, Port.ping, Lane.reliable, payload);
      } catch (error) {
        settle(error as MeshError);
      }
    });
  }

  close(): void {
    for (const { settle } of [...this.#waiting.values()])
      settle(new MeshError("closed", "this node was closed before the ping came back"));
  }

  /** Only the node that was asked may answer. */
  #pingOf({ node }: Address, payload: Uint8Array): { settle(error?: MeshError): void } | undefined {
    const ping = this.#waiting.get(readU53(payload, 1));
    return ping?.node === node ? ping : undefined;
  }

  #onMessage(source: Address, payload: Uint8Array): void {
    if (payload.byteLength < HEAD_BYTES) return;
    if (payload[0] === ANSWER) return this.#pingOf(source, payload)?.settle();
    const answer = payload.slice();
    answer[0] = ANSWER;
    try {
      this.#unicast.send(source, Port.ping, Lane.reliable, answer);
    } catch {
      // The asker is gone already, or the way back is full: it will time out, and nobody here waits for anything.
    }
  }
}
