import type { MeshError, MeshNode } from "@chaski/core";
import { signal } from "@preact/signals";
import { pretty } from "../pretty.ts";

export interface Call {
  readonly object: string;
  /** A method, or a path to one, such as `settings.reset`. */
  readonly method: string;
  readonly args: readonly unknown[];
  /** The id or name of the one node to ask; else the nearest that exposes the object. */
  readonly node?: string | undefined;
}

/** What the panel shows: one call at a time. */
export type CallState =
  | { readonly phase: "idle" }
  | { readonly phase: "running"; readonly abort: AbortController }
  | { readonly phase: "answered"; readonly tookMs: number; readonly text: string }
  | { readonly phase: "failed"; readonly tookMs: number; readonly code: string; readonly message: string };

/** A path through an object unknown until run time: each step may be called or followed further. */
interface Step {
  (...args: readonly unknown[]): Promise<unknown>;
  readonly [name: string]: Step;
}

const TIMEOUT_MS = 10_000;
const MAX_RESULT_CHARACTERS = 20_000;

/** Calls any method of any object in the mesh, chosen at run time. */
export class Caller {
  readonly state = signal<CallState>({ phase: "idle" });
  readonly #node: MeshNode;

  constructor(node: MeshNode) {
    this.#node = node;
  }

  /** Give up waiting; the other side hears of it. */
  cancel(): void {
    if (this.state.value.phase === "running")
      this.state.value.abort.abort(new DOMException("cancelled here", "AbortError"));
  }

  async run(call: Call): Promise<void> {
    this.cancel();
    const abort = new AbortController();
    this.state.value = { phase: "running", abort };
    const startedAt = performance.now();
    const finish = (outcome: CallState): void => {
      const { value } = this.state;
      if (value.phase === "running" && value.abort === abort) this.state.value = outcome;
    };
    try {
      const answer = await this.#call(call, abort.signal);
      const tookMs = performance.now() - startedAt;
      finish({ phase: "answered", tookMs, text: pretty(answer, MAX_RESULT_CHARACTERS) });
    } catch (error) {
      finish({ phase: "failed", tookMs: performance.now() - startedAt, ...describeFailure(error) });
    }
  }

  #call({ object, method, args, node }: Call, signal: AbortSignal): Promise<unknown> {
    const remote = this.#node.remote(object, { timeoutMs: TIMEOUT_MS, ...(node && { node }) });
    const path = method.split(".");
    const target = path.reduce((step, name) => step[name] as Step, remote.$with({ signal }) as unknown as Step);
    return target(...args);
  }
}

/** A failure of the mesh has a code; the remote's own failure comes with the name of its class. */
function describeFailure(error: unknown): { code: string; message: string } {
  const { name, code, remote, message } = error as Error & Partial<MeshError>;
  return {
    code: typeof code === "string" ? code : name,
    message: remote ? `${remote.name}: ${remote.message}` : message,
  };
}
