/**
 * Asking gateways which of their leaves subscribe to a topic, and answering for one's own: page by page, since there may be
 * thousands. A question or answer is lost with its way, as every unicast is, so it is sent again until it is answered.
 */
import type { Clock, Random } from "../base/clock.ts";
import { setDeadline } from "../base/deadline.ts";
import { asMeshError, MeshError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { type AbortSignalLike, dispose } from "../base/platform.ts";
import type { Unicast } from "../delivery/index.ts";
import type { Leaf } from "../mesh/index.ts";
import {
  type Address,
  decodeLeafQuery,
  encodeLeafQuery,
  FIRST_LEAF,
  Lane,
  type LeafQuery,
  Port,
  readU32,
} from "../wire/index.ts";
import type { LeafPage } from "./leaf-page.ts";

export interface LeafQueriesHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly unicast: Unicast;
  /** Of this node's own leaves that want a topic, the first ones after `after`. */
  leafPage(topic: string, after: NodeId): LeafPage;
  onError(error: unknown): void;
}

export interface QueryOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignalLike | undefined;
}

/** A question without an answer is sent again after this, in ms, then after twice as much, and so on. */
const RESEND_MS = 250;
/** More leaves of one gateway are not asked for. */
const MAX_LEAVES = 10_000;

interface Question {
  readonly gateway: NodeId;
  onAnswer(answer: LeafQuery & { readonly kind: "answer" }): void;
  /** It found no way, or was not allowed to pass. */
  onBounce(error: MeshError): void;
  fail(error: unknown): void;
}

export class LeafQueries {
  readonly #host: LeafQueriesHost;
  readonly #questions = new Map<number, Question>();
  #last: number;

  constructor(host: LeafQueriesHost) {
    this.#host = host;
    // So that an answer to a former life is none to this one.
    this.#last = readU32(host.random.bytes(4), 0);
    host.unicast.listen(Port.leaves, {
      onMessage: (source, payload) => this.#onMessage(source, payload),
      onBounce: (target, payload, why) => {
        const query = this.#decode(payload);
        if (query?.kind === "ask")
          this.#questionTo(target, query.number)?.onBounce(
            new MeshError(why, `gateway ${target.node} was not reached`),
          );
      },
    });
  }

  /** @throws {MeshError} `timed-out`, `unreachable`, `forbidden`, `too-large`, `closed`; or the signal's reason. */
  ask(gateway: NodeId, topic: string, { timeoutMs, signal }: QueryOptions): Promise<readonly Leaf[]> {
    const { clock, unicast } = this.#host;
    const number = ++this.#last;
    const leaves: Leaf[] = [];
    return new Promise((resolve, reject) => {
      let timer: Disposable | undefined;
      let pauseMs = RESEND_MS;
      let lastError: MeshError | undefined;
      const end = (settle: () => void): void => {
        timer?.[dispose]();
        deadline[dispose]();
        signal?.removeEventListener("abort", onAbort);
        this.#questions.delete(number);
        settle();
      };
      const fail = (error: unknown): void => end(() => reject(error));
      const onAbort = (): void => fail(signal?.reason);
      const deadline = setDeadline(clock, timeoutMs, () =>
        fail(lastError ?? new MeshError("timed-out", `gateway ${gateway} did not answer within ${timeoutMs} ms`)),
      );
      const send = (): void => {
        timer?.[dispose]();
        timer = clock.setTimer(pauseMs, send);
        pauseMs *= 2;
        try {
          const question = encodeLeafQuery({ kind: "ask", number, topic, after: leaves.at(-1)?.id ?? FIRST_LEAF });
          unicast.send({ node: gateway, home: gateway }, Port.leaves, Lane.reliable, question);
        } catch (error) {
          lastError = asMeshError(error, "unreachable");
        }
      };
      const onBounce: Question["onBounce"] = (error) => {
        lastError = error;
        if (error.code === "forbidden") fail(error);
      };
      const onAnswer: Question["onAnswer"] = ({ leaves: page, more }) => {
        const [first] = page;
        if (first && first.id <= (leaves.at(-1)?.id ?? FIRST_LEAF)) return; // to a question that was sent twice
        leaves.push(...page);
        pauseMs = RESEND_MS;
        if (!more || !first) end(() => resolve(leaves));
        else if (leaves.length < MAX_LEAVES) send();
        else fail(new MeshError("too-large", `gateway ${gateway} has more than ${MAX_LEAVES} leaves on "${topic}"`));
      };
      this.#questions.set(number, { gateway, onAnswer, onBounce, fail });
      if (signal?.aborted) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      send();
    });
  }

  close(): void {
    for (const { fail } of [...this.#questions.values()])
      fail(new MeshError("closed", "this node was closed before the gateway answered"));
  }

  /** Only who was asked may answer. */
  #questionTo({ node }: Address, number: number): Question | undefined {
    const question = this.#questions.get(number);
    return question?.gateway === node ? question : undefined;
  }

  #onMessage(source: Address, payload: Uint8Array): void {
    const query = this.#decode(payload);
    if (query?.kind === "answer") return this.#questionTo(source, query.number)?.onAnswer(query);
    if (!query) return;
    const answer = encodeLeafQuery({
      kind: "answer",
      number: query.number,
      ...this.#host.leafPage(query.topic, query.after),
    });
    try {
      this.#host.unicast.send(source, Port.leaves, Lane.reliable, answer);
    } catch {
      // Whoever asked is gone already, or the way back is full: it will time out, and nobody here waits for anything.
    }
  }

  #decode(payload: Uint8Array): LeafQuery | undefined {
    try {
      return decodeLeafQuery(payload);
    } catch (error) {
      this.#host.onError(error);
      return undefined;
    }
  }
}
